package resolve_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// NewAnswer leaves out the addresses that do not belong to the type of the question. A Lookup can
// pass everything that its source returned.
func ExampleNewAnswer() {
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	answer := resolve.NewAnswer(question, []netip.Addr{
		netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.2"),
	})
	for addr := range answer.All() {
		fmt.Println(addr)
	}
	// Output:
	// 192.0.2.1
	// 192.0.2.2
}
