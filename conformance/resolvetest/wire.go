package resolvetest

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// The features of a stub resolver.
const (
	Wire      Feature = "wire"       // the target asks DNS servers
	Cookies   Feature = "cookies"    // it sends DNS cookies, and checks them (RFC 7873)
	MixedCase Feature = "mixed case" // it can mix the case of names, and refuse replies in another case
	Suspicion Feature = "suspicion"  // it asks over a stream too if datagrams look forged
	Follow    Feature = "follow"     // it asks for the target of an alias that a reply leaves out
)

// WireOptions describes the stub resolver that a case wants. Zero fields mean the defaults of the
// resolver.
type WireOptions struct {
	Servers     []netip.AddrPort // asked over UDP and TCP, in this order
	Timeout     time.Duration    // per lookup
	Patience    time.Duration    // the least time after which a lookup asks again; for cases about what is not asked
	Streams     bool             // ask over TCP only
	MixCase     bool             // needs MixedCase
	Sockets     int              // UDP sockets per server, at most
	MaxInFlight int              // lookups, at most
	// Dial connects to a server: the network is "udp" or "tcp". Nil: package net does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// dial returns the Dial of the options.
func (o WireOptions) dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial
	}
	return new(net.Dialer).DialContext
}

// wired is a stub resolver with its servers.
type wired struct {
	*owner
	servers  []*server
	resolver resolve.Strategy
}

// wire starts a server per handler and a resolver that asks them. A lookup may take longer than the
// patience of the case, so that one that does not end is a hang, unless o has a timeout.
func (p Fixture) wire(t T, o WireOptions, handles ...func(q *arrival)) *wired {
	t.Helper()
	w := &wired{owner: newOwner(t)}
	for _, h := range handles {
		if o.Streams && h != nil {
			h = ignoreDatagrams(h)
		}
		s := newServer(t, h)
		w.servers = append(w.servers, s)
		o.Servers = append(o.Servers, s.addr)
	}
	if o.Timeout == 0 {
		o.Timeout = 4 * t.Patience()
	}
	r, err := p.Wire(t, o)
	if err != nil {
		t.Fatalf("stub resolver: %v", err)
	}
	w.resolver = r
	t.Cleanup(w.end)
	return w
}

// ignoreDatagrams returns handle without datagrams, which a resolver over streams must not send.
func ignoreDatagrams(handle func(q *arrival)) func(q *arrival) {
	return func(q *arrival) {
		if q.stream() {
			handle(q)
		}
	}
}

// end closes the resolver. Its goroutines must end.
func (w *wired) end() {
	_ = w.resolver.Close()
	join(w.t, w.resolver)
}

// ask starts a lookup of the IPv4 addresses of name.
func (w *wired) ask(name string) *call { return w.start(w.resolver, a(name)) }

// lookup looks the IPv4 addresses of name up.
func (w *wired) lookup(name string) *call {
	w.t.Helper()
	c := w.ask(name)
	w.await(c)
	return c
}

// resolves fails the case unless name has these addresses.
func (w *wired) resolves(name string, want ...string) *call {
	w.t.Helper()
	c := w.lookup(name)
	c.holds(want...)
	return c
}

// warm answers one lookup, so that the resolver knows how fast the first server is and asks it
// again soon.
func (w *wired) warm() {
	w.t.Helper()
	c := w.ask("warm.example")
	w.servers[0].next().reply()
	w.await(c)
	c.holds("192.0.2.1")
}

// over ends the resolver and returns what arrived at a server. Nothing arrives later.
func (w *wired) over(i int) []*arrival {
	w.t.Helper()
	w.end()
	w.servers[i].settle()
	return w.servers[i].all()
}
