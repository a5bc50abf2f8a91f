package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// made is a strategy with what belongs to it.
type made struct {
	resolve.Strategy

	// why, unless it is nil, describes what the strategy has chosen, and for which reason.
	why func() string
	// close ends everything, and returns after all goroutines have ended.
	close func()
}

// The names of strategies. A pool is called "pool-N": it has N workers.
const (
	blockingName = "blocking"
	poolPrefix   = "pool-"
	eventedName  = "evented"
	loopsName    = "evented-loops" // evented on the connections of a stack of event loops
	adaptiveName = "adaptive"
)

// strategyNames returns the names of the strategies that a sweep compares.
func strategyNames() []string {
	names := []string{blockingName, poolPrefix + "8", poolPrefix + "64", eventedName}
	if newAdaptive != nil {
		names = append(names, adaptiveName)
	}
	return names
}

// newAdaptive makes the strategy that chooses among the others. It is nil until package resolve has
// one.
var newAdaptive func(servers []netip.AddrPort) (made, error)

// newStrategy makes the strategy of that name, which asks the servers.
func newStrategy(name string, servers []netip.AddrPort, o stub.Options) (made, error) {
	if workers, ok := strings.CutPrefix(name, poolPrefix); ok {
		n, err := strconv.Atoi(workers)
		if err != nil {
			return made{}, fmt.Errorf("strategy %s: %w", name, err)
		}
		p, err := resolve.NewPool(system(servers[0]), resolve.PoolOptions{Workers: n, MaxQueued: 1 << 20})
		if err != nil {
			return made{}, err
		}
		return made{Strategy: p, close: func() { p.Close(); p.Wait() }}, nil
	}
	switch name {
	case blockingName:
		b := resolve.NewBlocking(system(servers[0]))
		return made{Strategy: b, close: func() { b.Close() }}, nil
	case eventedName:
		return newEvented(evented.Options{Dial: new(net.Dialer).DialContext, Servers: evented.Servers(servers...), Stub: o})
	case loopsName:
		stack, err := edgewise.Open(edgewise.Options{Loops: 1})
		if err != nil {
			return made{}, err
		}
		m, err := newEvented(evented.Options{Dial: stack.DialContext, Servers: evented.Servers(servers...), Stub: o})
		if err != nil {
			return made{}, err
		}
		inner := m.close
		m.close = func() { inner(); _ = stack.Shutdown(context.Background()) }
		return m, nil
	case adaptiveName:
		if newAdaptive != nil {
			return newAdaptive(servers)
		}
	}
	return made{}, fmt.Errorf("strategy %s: unknown", name)
}

func newEvented(o evented.Options) (made, error) {
	r, err := evented.New(o)
	if err != nil {
		return made{}, err
	}
	return made{Strategy: r, close: func() { r.Close(); r.Wait() }}, nil
}

// system returns a lookup by package net that asks the server instead of those of the machine.
func system(server netip.AddrPort) resolve.Lookup {
	return resolve.System{Resolver: goResolver(server)}.Lookup
}

// goResolver returns the pure Go resolver of package net with another server.
func goResolver(server netip.AddrPort) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}}
}
