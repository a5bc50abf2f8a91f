package netresolver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/netresolver"
)

// names is a strategy with a fixed table over nothing.
func names() resolve.Strategy {
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: 1, MaxQueued: 8})
	if err != nil {
		panic(err)
	}
	static, err := resolve.NewStatic(map[string][]netip.Addr{"db.example": {netip.MustParseAddr("192.0.2.1")}}, pool)
	if err != nil {
		panic(err)
	}
	return static
}

func ExampleResolver() {
	r := &netresolver.Resolver{Host: resolve.Host{Strategy: names()}}
	defer r.Host.Strategy.Close()
	addrs, err := r.LookupNetIP(context.Background(), "ip", "db.example")
	fmt.Println(addrs, err)

	_, err = r.LookupNetIP(context.Background(), "ip6", "db.example")
	var d *net.DNSError
	fmt.Println(errors.As(err, &d) && d.IsNotFound, errors.Is(err, resolve.ErrNoData))
	// Output:
	// [192.0.2.1] <nil>
	// true true
}

// A net.Dialer takes a *net.Resolver, and so does everything that takes a net.Dialer.
func ExampleBridge() {
	strategy := names()
	defer strategy.Close()
	dialer := net.Dialer{Resolver: netresolver.Bridge(strategy)}
	addrs, err := dialer.Resolver.LookupHost(context.Background(), "db.example.")
	fmt.Println(addrs, err)
	// Output: [192.0.2.1] <nil>
}
