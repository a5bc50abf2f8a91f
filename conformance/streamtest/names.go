package streamtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
)

// names is a resolver that a case controls by hand.
type names struct {
	network  chan string
	delivers chan func(addrs []netip.Addr, more bool, err error)
	canceled chan struct{} // closed by cancel
}

func newNames() *names {
	return &names{make(chan string, 1), make(chan func([]netip.Addr, bool, error), 1), make(chan struct{})}
}

func (n *names) start(network, _ string, deliver func([]netip.Addr, bool, error)) func() {
	n.network <- network
	n.delivers <- deliver
	return func() { close(n.canceled) }
}

// asked waits until n is asked for the addresses of network, and returns the function that delivers
// them.
func (w *world) asked(n *names, network string) func(addrs []netip.Addr, more bool, err error) {
	w.Helper()
	if got := await(w, "the resolver is called", n.network); got != network {
		w.Errorf("the resolver was asked for %q, want %q", got, network)
	}
	return <-n.delivers
}

// canceled wants n to have been canceled.
func (w *world) canceled(n *names) {
	w.Helper()
	select {
	case <-n.canceled:
	default:
		w.Errorf("the resolver was not canceled")
	}
}

// dialName dials a name that only the resolver of d knows, and returns the error.
func (w *world) dialName(ctx context.Context, network string, d stream.Dialer) *pending[error] {
	return w.dialPort(ctx, network, 9, d)
}

func (w *world) dialPort(ctx context.Context, network string, port uint16, d stream.Dialer) *pending[error] {
	under := w.dialerOf(d)
	return call(w, "dial", func() error {
		c, err := under.DialContext(ctx, network, fmt.Sprintf("name.invalid:%d", port))
		if c != nil {
			w.own(c)
		}
		return err
	})
}

// expectAttempts wants err to have a *net.OpError for each of addrs, in this order. Each must match
// target unless target is nil.
func (w *world) expectAttempts(err, target error, addrs ...netip.Addr) {
	w.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	if len(all) != len(addrs) {
		w.Fatalf("%d attempts, want %d of %v: %v", len(all), len(addrs), addrs, err)
	}
	for i, err := range all {
		e, ok := err.(*net.OpError)
		if !ok || e.Op != "dial" || e.Addr == nil || e.Addr.(*net.TCPAddr).AddrPort().Addr().Unmap() != addrs[i] || target != nil && !errors.Is(e, target) {
			w.Fatalf("attempt %d: %v (%T), want a *net.OpError of %v that matches %v", i, err, err, addrs[i], target)
		}
	}
}

func listenerAddr(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }

// listenNet6 returns a listener of package net on the IPv6 loopback address.
func (w *world) listenNet6(port int) net.Listener {
	w.Helper()
	l, err := net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback, Port: port})
	w.check(err, "listen")
	w.own(l)
	return l
}

// blackHoleBeside returns the address of an IPv4 black hole, and that of an IPv6 listener with the
// same port.
func (w *world) blackHoleBeside() (hole, live netip.AddrPort) {
	w.Helper()
	for {
		hole = w.blackHole()
		l, err := net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback, Port: int(hole.Port())})
		if err != nil && w.Context().Err() == nil {
			continue // another process has the port there
		}
		w.check(err, "listen")
		w.own(l)
		return hole, listenerAddr(l)
	}
}
