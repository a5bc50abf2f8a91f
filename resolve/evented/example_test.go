package evented_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// The name servers of this machine are asked, over connections of package net. A cache, coalescing,
// the hosts file and special names surround the resolver.
func ExampleNew() {
	system, err := sysconfig.NewWatcher(sysconfig.Options{})
	if err != nil {
		panic(err)
	}
	servers, err := evented.New(evented.Options{System: system, Dial: new(net.Dialer).DialContext})
	if err != nil {
		panic(err)
	}
	cache, err := resolve.NewCache(resolve.CacheOptions{Generation: system.Generation}, resolve.NewCoalesce(0, servers))
	if err != nil {
		panic(err)
	}
	hosts, err := resolve.NewHostsFile(resolve.HostsOptions{Path: resolve.DefaultHostsPath()}, cache)
	if err != nil {
		panic(err)
	}
	strategy := resolve.NewLiteral(resolve.NewSpecial(resolve.SpecialOptions{}, hosts))
	defer strategy.Close()

	host := resolve.Host{
		Strategy: strategy,
		Search:   func() resolve.Search { return system.Current().HostSearch() },
		Source:   sysconfig.SourceOf,
	}
	answer, err := host.Lookup(context.Background(), "www.localhost", resolve.FamilyBoth)
	fmt.Println(answer.V4.Addr(0), answer.V6.Addr(0), err)
	// Output: 127.0.0.1 ::1 <nil>
}

// Records of every type have accessors.
func ExampleResolver() {
	r, err := evented.New(evented.Options{
		Servers: evented.Servers(netip.MustParseAddrPort("192.0.2.53:53")),
		Dial:    new(net.Dialer).DialContext,
	})
	if err != nil {
		panic(err)
	}
	defer r.Close()
	question, err := resolve.NewQuestion("example.org", resolve.TypeMX)
	if err != nil {
		panic(err)
	}
	answer, err := resolve.Wait(context.Background(), r, question)
	if err != nil {
		panic(err)
	}
	for record := range answer.Records() {
		if mx, ok := record.MX(); ok {
			fmt.Println(mx.Preference, mx.Host)
		}
	}
}
