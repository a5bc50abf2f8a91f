package sysconfig_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// With source addresses, a Host sorts addresses without a route to the end.
func ExampleSourceOf() {
	names := map[string][]netip.Addr{"db.example": {netip.MustParseAddr("fe80::1"), netip.MustParseAddr("127.0.0.1")}}
	static, err := resolve.NewStatic(names, resolve.NewBlocking(resolve.System{}.Lookup))
	if err != nil {
		log.Fatal(err)
	}
	host := resolve.Host{Strategy: static, Source: sysconfig.SourceOf}
	defer host.Strategy.Close()
	answer, err := host.Try("db.example", resolve.FamilyBoth)
	// Most systems have no route to a link-local address without its zone, and prefer 127.0.0.1.
	fmt.Println(answer.Addrs(), err)
}
