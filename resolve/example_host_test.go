package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// A Host sorts the addresses of both families. OrderInterleave alternates the families, for a
// dialer that tries the addresses one after another.
func ExampleHost() {
	names := map[string][]netip.Addr{"db.example": {
		netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.0.2.1"),
	}}
	static, err := resolve.NewStatic(names, resolve.NewBlocking(resolve.System{}.Lookup))
	if err != nil {
		log.Fatal(err)
	}
	host := resolve.Host{Strategy: static, Order: resolve.OrderInterleave}
	defer host.Strategy.Close()
	answer, err := host.Try("db.example", resolve.FamilyBoth)
	fmt.Println(answer.Addrs(), err)
	// Output: [2001:db8::1 192.0.2.1 2001:db8::2] <nil>
}

// A dialer starts with the first family that has an answer. Here IPv4 has no address.
func ExampleHostQuery() {
	host := resolve.Host{Strategy: resolve.NewBlocking(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		if q.Type == resolve.TypeA {
			return resolve.Answer{}, resolve.ErrNoData
		}
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("2001:db8::1")}), nil
	})}
	defer host.Strategy.Close()
	inbox := resolve.NewInbox(nil)
	host.Start(&resolve.HostQuery{
		Name: "db.example", Inbox: inbox,
		Partial: func(a resolve.Answer) { fmt.Println("partial:", a.AppendAddrs(nil)) },
		Done: func(a resolve.HostAnswer, err error) {
			fmt.Println("done:", a.Addrs(), err)
			fmt.Println("IPv4:", a.V4Err)
		},
	})
	inbox.Run(0)
	// Output:
	// partial: [2001:db8::1]
	// done: [2001:db8::1] <nil>
	// IPv4: resolve: blocking A db.example: no data of this type
}
