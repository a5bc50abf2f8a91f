package streamtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
)

// portTries bounds the ports that a case tries, because another process may have one of them.
const portTries = 64

// listenConfig is the interface of *stream.ListenConfig that cases use.
type listenConfig interface {
	Listen(ctx context.Context, network, address string) (*stream.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (*stream.PacketConn, error)
}

func (p parts) newListenConfig(c *stream.ListenConfig) listenConfig {
	if p.listenConfig == nil {
		return c
	}
	return p.listenConfig(c)
}

// listenConfigCases are about addresses as package net writes them.
func listenConfigCases() []Case {
	return []Case{
		{
			ID: "listen/addresses", Doc: "stream.ListenConfig",
			Rule:   "Listen takes the addresses of net.Listen. The listener has the address that package net gives it.",
			Source: "net.Listen",
			Run:    in(listenAddresses),
		},
		{
			ID: "packet/listen-addresses", Doc: "stream.ListenConfig.ListenPacket",
			Rule:   "ListenPacket takes the addresses of net.ListenPacket. The socket has the address that package net gives it.",
			Source: "net.ListenPacket",
			Run:    in(packetAddresses),
		},
		{
			ID: "listen/every-interface", Doc: "stream.ListenConfig",
			Rule: "Without a digit in the network, a listener on every interface accepts connections over IPv4 and IPv6. With \"tcp6\" it leaves IPv4 to others.",
			Needs: []Feature{
				IPv6,
			},
			Run: in(listenEverywhere),
		},
		{
			ID: "listen/names", Doc: "stream.ListenConfig",
			Rule: "Listen resolves a host name through Resolve, and uses its first IPv4 address, or its first address of the network. The context reaches Resolve.",
			Run:  in(listenNames),
		},
		{
			ID: "listen/groups", Doc: "stream.ListenConfig.ListenPacket",
			Rule:  "Several sockets can listen on the same port of a multicast group, besides those of package net.",
			Needs: []Feature{SharedPorts},
			Run:   in(listenGroups),
		},
	}
}

// listenBy listens by c, and closes the listener when the case ends.
func (w *world) listenBy(c stream.ListenConfig, network, address string) (*stream.Listener, error) {
	c.Waiter = w.waiter()
	l, err := w.f.parts.newListenConfig(&c).Listen(w.Context(), network, address)
	if err == nil {
		w.own(l)
	}
	return l, err
}

// receiveBy is listenBy for datagrams.
func (w *world) receiveBy(c stream.ListenConfig, network, address string) (*stream.PacketConn, error) {
	c.Waiter = w.waiter()
	got, err := w.f.parts.newListenConfig(&c).ListenPacket(w.Context(), network, address)
	if err == nil {
		w.own(got)
	}
	return got, err
}

// listenPlaces are addresses without a port, by network of TCP.
var listenPlaces = []struct{ network, host string }{
	{"tcp", ""}, {"tcp4", ""}, {"tcp6", ""}, {"tcp", "127.0.0.1"}, {"tcp4", "127.0.0.1"}, {"tcp", "::1"}, {"tcp6", "::1"},
	{"tcp", "0.0.0.0"}, {"tcp", "::"}, {"tcp4", "0.0.0.0"}, {"tcp6", "::"}, {"tcp4", "::"}, {"tcp", "::ffff:127.0.0.1"},
}

func listenAddresses(w *world) {
	for _, place := range listenPlaces {
		for _, port := range []string{"", "0"} {
			address := net.JoinHostPort(place.host, port)
			measure, want := net.Listen(place.network, address)
			got, err := w.listenBy(stream.ListenConfig{}, place.network, address)
			var theirs, ours net.Addr
			if want == nil {
				theirs = measure.Addr()
				w.own(measure)
			}
			if err == nil {
				ours = got.Addr()
			}
			w.sameListen(place.network, address, ours, theirs, err, want)
		}
	}
}

// packetNetworkOf returns the network of datagrams that corresponds to one of TCP.
func packetNetworkOf(network string) string { return strings.Replace(network, "tcp", "udp", 1) }

func packetAddresses(w *world) {
	for _, place := range listenPlaces {
		for _, port := range []string{"", "0"} {
			network, address := packetNetworkOf(place.network), net.JoinHostPort(place.host, port)
			measure, want := net.ListenPacket(network, address)
			got, err := w.receiveBy(stream.ListenConfig{}, network, address)
			var theirs, ours net.Addr
			if want == nil {
				theirs = measure.LocalAddr()
				w.own(measure)
			}
			if err == nil {
				ours = got.LocalAddr()
			}
			w.sameListen(network, address, ours, theirs, err, want)
		}
	}
}

// sameListen compares the results of two listens of the same address.
func (w *world) sameListen(network, address string, got, want net.Addr, err, wantErr error) {
	w.Helper()
	switch {
	case (err == nil) != (wantErr == nil):
		w.Errorf("listen %s %q: %v; package net returns %v", network, address, err, wantErr)
	case err != nil:
	case got.Network() != want.Network() || hostOf(got) != hostOf(want) || portIn(got) == 0:
		w.Errorf("listen %s %q: address %v %v; package net has %v %v", network, address, got.Network(), got, want.Network(), want)
	}
}

func hostOf(a net.Addr) string {
	host, _, _ := net.SplitHostPort(a.String()) // an address that a socket has can be split
	return host
}

func portIn(a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.Port
	case *net.UDPAddr:
		return a.Port
	}
	return 0
}

func listenEverywhere(w *world) {
	for _, host := range []string{"", "0.0.0.0", "[::]"} {
		l, err := w.listenBy(stream.ListenConfig{}, "tcp", host+":0")
		w.check(err, "listen")
		for _, to := range []string{"127.0.0.1", "::1"} {
			c, err := net.Dial("tcp", net.JoinHostPort(to, fmt.Sprint(l.AddrPort().Port())))
			w.check(err, "dial of a listener on every interface")
			w.own(c)
			s, peer, err := w.acceptFrom(l)
			w.check(err, "accept")
			if got := peer.Addr().Unmap().String(); got != to {
				w.Errorf("peer %v, want %s", peer, to)
			}
			w.check(s.Close(), "close")
		}
	}
	var err error
	for range portTries {
		l, failed := w.listenBy(stream.ListenConfig{}, "tcp6", ":0")
		w.check(failed, "listen")
		var other net.Listener
		if other, err = net.Listen("tcp4", fmt.Sprintf(":%d", l.AddrPort().Port())); err == nil {
			w.check(other.Close(), "close")
			return
		}
	}
	w.Errorf("listening in tcp4 on a port that is in use in tcp6: %v", err)
}

// acceptFrom accepts a connection that package net has made to l.
func (w *world) acceptFrom(l *stream.Listener) (stream.Socket, netip.AddrPort, error) {
	type result struct {
		s    stream.Socket
		peer netip.AddrPort
		err  error
	}
	got := call(w, "accept", func() result {
		s, peer, err := l.AcceptSocket()
		return result{s, peer, err}
	}).get()
	return got.s, got.peer, got.err
}

func listenNames(w *world) {
	v4, v6 := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()
	type key struct{}
	ctx := context.WithValue(w.Context(), key{}, "of the caller")
	resolve := func(ctx context.Context, host string) ([]netip.Addr, error) {
		if ctx.Value(key{}) == nil {
			return nil, errors.New("the context is not that of the caller")
		}
		if host != "host.test" {
			return nil, fmt.Errorf("unexpected host %q", host)
		}
		return []netip.Addr{v6, v4}, nil
	}
	for network, want := range map[string]netip.Addr{"tcp": v4, "tcp4": v4, "tcp6": v6, "udp": v4, "udp4": v4, "udp6": v6} {
		c := w.f.parts.newListenConfig(&stream.ListenConfig{Waiter: w.waiter(), Resolve: resolve})
		var got netip.AddrPort
		var err error
		if strings.HasPrefix(network, "udp") {
			var p *stream.PacketConn
			if p, err = c.ListenPacket(ctx, network, "host.test:"); err == nil {
				w.own(p)
				got = p.LocalAddrPort()
			}
		} else {
			var l *stream.Listener
			if l, err = c.Listen(ctx, network, "host.test:"); err == nil {
				w.own(l)
				got = l.AddrPort()
			}
		}
		if want.Is6() && err != nil && !w.has6() {
			continue
		}
		if err != nil || got.Addr() != want {
			w.Errorf("listen in %s on a name with addresses %v and %v: %v, %v; want %v", network, v6, v4, got, err, want)
		}
	}
}

// has6 reports whether the system has an IPv6 loopback address.
func (w *world) has6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	w.check(l.Close(), "close")
	return true
}

func listenGroups(w *world) {
	const group = "224.0.0.251"
	first, err := w.receiveBy(stream.ListenConfig{}, "udp4", group+":0")
	w.check(err, "listen")
	port := first.LocalAddrPort().Port()
	if ip := first.LocalAddrPort().Addr(); !ip.IsUnspecified() {
		w.Errorf("the socket of a group is bound to %v, want every interface", ip)
	}
	address := fmt.Sprintf("%s:%d", group, port)
	_, err = w.receiveBy(stream.ListenConfig{}, "udp4", address)
	w.check(err, "second listen")
	other, err := net.ListenPacket("udp4", address)
	w.check(err, "listen of package net")
	w.own(other)
	_, err = w.receiveBy(stream.ListenConfig{}, "udp4", fmt.Sprintf("0.0.0.0:%d", port))
	if !errors.Is(err, syscall.EADDRINUSE) {
		w.Errorf("a socket outside of the group got its port: %v", err)
	}
}
