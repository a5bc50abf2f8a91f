package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

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

// The pools of a sweep hold all lookups of the largest load. An adaptive strategy has a small pool.
const (
	maxQueued       = 1 << 20
	adaptiveWorkers = 8
)

// strategyNames returns the names of the strategies that a sweep compares.
func strategyNames() []string {
	return []string{blockingName, poolPrefix + "8", poolPrefix + "64", eventedName, adaptiveName}
}

// newStrategy makes the strategy of that name, which asks the servers.
func newStrategy(name string, servers []netip.AddrPort, o stub.Options) (made, error) {
	if workers, ok := strings.CutPrefix(name, poolPrefix); ok {
		n, err := strconv.Atoi(workers)
		if err != nil {
			return made{}, fmt.Errorf("strategy %s: %w", name, err)
		}
		return newPool(system(servers[0]), n)
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
		return newAdaptive(servers, o)
	}
	return made{}, fmt.Errorf("strategy %s: unknown", name)
}

func newPool(lookup resolve.Lookup, workers int) (made, error) {
	p, err := resolve.NewPool(lookup, resolve.PoolOptions{Workers: workers, MaxQueued: maxQueued})
	if err != nil {
		return made{}, err
	}
	return made{Strategy: p, close: func() { p.Close(); p.Wait() }}, nil
}

// newAdaptive makes an Adaptive over the three other kinds. Its pool measures the blocking route.
func newAdaptive(servers []netip.AddrPort, o stub.Options) (made, error) {
	e, err := newEvented(evented.Options{Dial: new(net.Dialer).DialContext, Servers: evented.Servers(servers...), Stub: o})
	if err != nil {
		return made{}, err
	}
	lookup := system(servers[0])
	var adaptive *resolve.Adaptive
	p, err := newPool(func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
		begin := time.Now()
		a, err := lookup(ctx, q)
		adaptive.Sample(blockingName, time.Since(begin), err)
		return a, err
	}, adaptiveWorkers)
	if err != nil {
		e.close()
		return made{}, err
	}
	adaptive, err = resolve.NewAdaptive(resolve.AdaptiveOptions{AllowBlocking: true, Routes: []resolve.Route{
		{Name: eventedName, Strategy: e.Strategy, Records: true},
		{Name: "pool", Strategy: p.Strategy, System: true},
		{Name: blockingName, Strategy: resolve.NewBlocking(lookup), Blocking: true, System: true},
	}})
	if err != nil {
		e.close()
		p.close()
		return made{}, err
	}
	why := func() string {
		q, err := resolve.NewQuestion(name(0), resolve.TypeA)
		if err != nil {
			return err.Error()
		}
		return adaptive.Decide(q).String()
	}
	return made{Strategy: adaptive, why: why, close: func() { adaptive.Close(); e.close(); p.close() }}, nil
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
