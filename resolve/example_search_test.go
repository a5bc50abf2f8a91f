package resolve_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// A search list completes names without a dot. A final dot keeps a name as it is.
func ExampleSearch() {
	names := map[string][]netip.Addr{
		"db.corp.example": {netip.MustParseAddr("192.0.2.1")},
		"db":              {netip.MustParseAddr("192.0.2.2")},
	}
	static, err := resolve.NewStatic(names, resolve.NewBlocking(resolve.System{}.Lookup))
	if err != nil {
		log.Fatal(err)
	}
	suffix, err := resolve.ParseName("corp.example")
	if err != nil {
		log.Fatal(err)
	}
	list := resolve.Search{Suffixes: []resolve.Name{suffix}, Ndots: 1}
	host := resolve.Host{Strategy: static, Search: func() resolve.Search { return list }}
	defer host.Strategy.Close()
	for _, name := range []string{"db", "db."} {
		answer, err := host.Try(name, resolve.FamilyBoth)
		fmt.Println(answer.Name, "is", answer.Absolute, answer.Addrs(), err)
	}
	// Output:
	// db is db.corp.example [192.0.2.1] <nil>
	// db. is db [192.0.2.2] <nil>
}
