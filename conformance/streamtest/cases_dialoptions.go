package streamtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// dialOptionCases are about the options that dials and listens have in common with package net.
func dialOptionCases() []Case {
	return []Case{
		{
			ID: "dial/local-address", Doc: "stream.Dialer",
			Rule:   "A dial with LocalAddr has that local address, over TCP and UDP. It tries only remote addresses of the same family.",
			Source: "net.Dialer.LocalAddr",
			Run:    in(dialLocalAddress),
		},
		{
			ID: "dial/control", Doc: "stream.Dialer",
			Rule: "Control is called for the new socket of each attempt before it is bound or connected, with the arguments that package net passes. Its error ends " +
				"the attempt. ControlContext takes its place.",
			Source: "net.Dialer.Control",
			Run:    in(dialControl),
		},
		{
			ID: "listen/control", Doc: "stream.ListenOptions",
			Rule:   "Control is called for the new socket before it is bound, with the arguments that package net passes. Its error ends the listen.",
			Source: "net.ListenConfig.Control",
			Run:    in(listenControl),
		},
		{
			ID: "options/keep-alive-default", Doc: "stream.Dialer",
			Rule:   "Dialed and accepted connections have the keep-alive settings that package net gives for the same options: on by default.",
			Source: "net.Dialer.KeepAlive",
			Run:    in(keepAliveDefault),
		},
		{
			ID: "dial/broadcast", Doc: "stream.Dialer.ConnectUDP",
			Rule: "Sockets for UDP may send to broadcast addresses if a dial or a ListenConfig opens them.",
			Run:  in(broadcasts),
		},
	}
}

// broadcasts connects to a broadcast address, which needs the permission to send there and sends
// nothing.
func broadcasts(w *world) {
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), 9)
	measure, want := net.Dial("udp4", to.String())
	if want = w.closed(measure, want); want != nil {
		w.Logf("package net cannot dial %v: %v", to, want) // without a network
	}
	_, err := w.dialTo(w.Context(), stream.Dialer{}, "udp4", to.String())
	if textOf(err) != textOf(want) {
		w.Errorf("dial of %v: %v; package net returns %v", to, err, want)
	}
	c, err := w.receiveBy(stream.ListenConfig{}, "udp4", "0.0.0.0:0")
	w.check(err, "listen")
	raw, err := c.SyscallConn()
	w.check(err, "SyscallConn")
	w.check(raw.Control(func(fd uintptr) { err = sys.Connect(sys.Handle(fd), to) }), "control")
	if (err == nil) != (want == nil) {
		w.Errorf("connect of a socket that listens to %v: %v; package net returns %v", to, err, want)
	}
}

// dialTo dials in network and address with the options of d.
func (w *world) dialTo(ctx context.Context, d stream.Dialer, network, address string) (net.Conn, error) {
	under := w.dialerOf(d)
	got := call(w, "dial", func() dialedConn {
		c, err := under.DialContext(ctx, network, address)
		return dialedConn{c, err}
	}).get()
	if got.err == nil {
		w.own(got.c)
	}
	return got.c, got.err
}

func dialLocalAddress(w *world) {
	l, peer := w.listenNet(), w.packetPeer()
	ip := net.IPv4(127, 0, 0, 1)
	for _, local := range []net.Addr{&net.TCPAddr{IP: ip}, &net.TCPAddr{}, &net.TCPAddr{IP: net.IPv4zero}, &net.TCPAddr{IP: net.IPv6zero}, (*net.TCPAddr)(nil)} {
		c, err := w.dialTo(w.Context(), stream.Dialer{LocalAddr: local}, "tcp", l.Addr().String())
		w.check(err, fmt.Sprintf("dial from %v", local))
		if got := c.LocalAddr().(*net.TCPAddr); !got.IP.Equal(ip) || got.Port == 0 {
			w.Errorf("dial from %v: the local address is %v", local, got)
		}
	}
	for network, to := range map[string]net.Addr{"tcp": l.Addr(), "udp": peer.LocalAddr()} {
		for _, from := range []net.IP{ip, nil} {
			w.localPort(network, to.String(), from)
		}
	}
	refused := w.unused()
	_, err := w.dialTo(w.Context(), stream.Dialer{
		LocalAddr: &net.TCPAddr{IP: ip},
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.IPv6Loopback(), refused.Addr()}, nil
		},
	}, "tcp", fmt.Sprintf("name.invalid:%d", refused.Port()))
	w.expectAttempts(err, errRefused, refused.Addr())
}

// localPort dials from a port of its choice.
func (w *world) localPort(network, to string, from net.IP) {
	w.Helper()
	var err error
	for range portTries {
		port := w.freePort(network)
		var local net.Addr = &net.TCPAddr{IP: from, Port: port}
		if network == "udp" {
			local = &net.UDPAddr{IP: from, Port: port}
		}
		var c net.Conn
		c, err = w.dialTo(w.Context(), stream.Dialer{LocalAddr: local}, network, to)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue // another process has the port
		}
		w.check(err, "dial from a port")
		if got := portIn(c.LocalAddr()); got != port {
			w.Errorf("dial in %s from %v: the local address is %v", network, local, c.LocalAddr())
		}
		return
	}
	w.Errorf("dial in %s from a port: %v", network, err)
}

// freePort returns a port that no socket has at present.
func (w *world) freePort(network string) int {
	w.Helper()
	open := stream.OpenTCP
	if network == "udp" {
		open = stream.OpenUDP
	}
	s, err := open(sys.IPv4)
	w.check(err, "open")
	defer s.Close()
	w.check(s.Bind(loopback), "bind")
	addr, err := s.LocalAddr()
	w.check(err, "local address")
	return int(addr.Port())
}

// controlCalls records the calls of Control.
type controlCalls struct {
	calls []string
	bound bool // in a call, the socket had a port
	fd    uintptr
	raw   syscall.RawConn
	fail  error
}

func (r *controlCalls) call(network, address string, c syscall.RawConn) error {
	r.calls = append(r.calls, network+" "+address)
	r.raw = c
	err := c.Control(func(fd uintptr) {
		r.fd = fd
		addr, err := sys.LocalAddr(sys.Handle(fd))
		r.bound = r.bound || err == nil && addr.Port() != 0
	})
	if err != nil {
		return err
	}
	return r.fail
}

// net is call for package net.
func (r *controlCalls) net(network, address string, _ syscall.RawConn) error {
	r.calls = append(r.calls, network+" "+address)
	return r.fail
}

var errControl = errors.New("control: refused")

func dialControl(w *world) {
	l, peer := w.listenNet(), w.packetPeer()
	targets := [][2]string{
		{"tcp", l.Addr().String()}, {"tcp4", l.Addr().String()}, {"udp", peer.LocalAddr().String()}, {"udp4", peer.LocalAddr().String()},
	}
	if w.has6() {
		targets = append(targets, [2]string{"tcp", w.listenNet6(0).Addr().String()})
	}
	for _, to := range targets {
		ours, theirs := &controlCalls{}, &controlCalls{}
		c, err := w.dialTo(w.Context(), stream.Dialer{Control: ours.call, LocalAddr: localOf(to[0])}, to[0], to[1])
		w.check(err, "dial")
		measure, err := (&net.Dialer{Control: theirs.net}).Dial(to[0], to[1])
		w.check(w.closed(measure, err), "dial of package net")
		if !slices.Equal(ours.calls, theirs.calls) || ours.bound {
			w.Errorf("dial %v: Control was called with %q, bound: %v; package net passes %q", to, ours.calls, ours.bound, theirs.calls)
		}
		raw, err := c.(syscall.Conn).SyscallConn()
		w.check(err, "SyscallConn")
		w.check(raw.Control(func(fd uintptr) {
			if fd != ours.fd {
				w.Errorf("Control got handle %d, the connection has %d", ours.fd, fd)
			}
		}), "control")
		if ours.raw.Control(func(uintptr) {}) == nil {
			w.Errorf("the access of Control outlives its call")
		}
		open := w.spy.open.Load()
		ours.fail = errControl
		_, err = w.dialTo(w.Context(), stream.Dialer{Control: ours.call}, to[0], to[1])
		if e, ok := err.(*net.OpError); !ok || e.Err != errControl || e.Addr.String() != to[1] {
			w.Errorf("dial %v: %v, want a *net.OpError with the error of Control", to, err)
		}
		if n := w.spy.open.Load(); n != open {
			w.Errorf("%d registrations of a dial that Control has ended are open", n-open)
		}
		type key struct{}
		called := false
		_, err = w.dialTo(context.WithValue(w.Context(), key{}, "of the dial"), stream.Dialer{
			Control: ours.call,
			ControlContext: func(ctx context.Context, network, address string, _ syscall.RawConn) error {
				called = ctx.Value(key{}) != nil && network+" "+address == ours.calls[0]
				return nil
			},
		}, to[0], to[1])
		if err != nil || !called {
			w.Errorf("dial %v with ControlContext: %v; called with the context of the dial: %v", to, err, called)
		}
	}
}

// localOf is a local address for a dial in network.
func localOf(network string) net.Addr {
	if strings.HasPrefix(network, "udp") {
		return &net.UDPAddr{}
	}
	return &net.TCPAddr{}
}

func listenControl(w *world) {
	for _, place := range listenPlaces {
		for _, network := range []string{place.network, strings.Replace(place.network, "tcp", "udp", 1)} {
			address := net.JoinHostPort(place.host, "0")
			ours, theirs := &controlCalls{}, &controlCalls{}
			measure := net.ListenConfig{Control: theirs.net}
			config := stream.ListenConfig{Options: stream.ListenOptions{Control: ours.call}, PacketOptions: stream.PacketOptions{Control: ours.call}}
			var want, err error
			listen := func() error {
				if strings.HasPrefix(network, "udp") {
					_, err := w.receiveBy(config, network, address)
					return err
				}
				_, err := w.listenBy(config, network, address)
				return err
			}
			if strings.HasPrefix(network, "udp") {
				var c net.PacketConn
				c, want = measure.ListenPacket(w.Context(), network, address)
				want = w.closed(c, want)
			} else {
				var l net.Listener
				l, want = measure.Listen(w.Context(), network, address)
				want = w.closed(l, want)
			}
			if err = listen(); (err == nil) != (want == nil) {
				w.Errorf("listen %s %s: %v; package net returns %v", network, address, err, want)
			}
			if err != nil {
				continue // no IPv6
			}
			if !slices.Equal(ours.calls, theirs.calls) || ours.bound {
				w.Errorf("listen %s %s: Control was called with %q, bound: %v; package net passes %q", network, address, ours.calls, ours.bound, theirs.calls)
			}
			ours.fail = errControl
			if err := listen(); !errors.Is(err, errControl) {
				w.Errorf("listen %s %s: %v, want the error of Control", network, address, err)
			}
		}
	}
}

// keepAlive are the keep-alive settings of a connection. Times are in seconds.
type keepAlive struct{ on, idle, interval, count int }

func keepAliveDefault(w *world) {
	for _, options := range []struct {
		idle   time.Duration
		config net.KeepAliveConfig
	}{
		{}, {idle: 40 * time.Second}, {idle: -1},
		{idle: -1, config: net.KeepAliveConfig{Enable: true}},
		{idle: time.Hour, config: net.KeepAliveConfig{Enable: true, Idle: 50 * time.Second, Interval: 7 * time.Second, Count: 3}},
		{config: net.KeepAliveConfig{Idle: 50 * time.Second}},
	} {
		theirs, err := (&net.ListenConfig{KeepAlive: options.idle, KeepAliveConfig: options.config}).Listen(w.Context(), "tcp", "127.0.0.1:0")
		w.check(err, "listen of package net")
		w.own(theirs)
		measure, err := (&net.Dialer{KeepAlive: options.idle, KeepAliveConfig: options.config}).Dial("tcp", theirs.Addr().String())
		w.check(w.closed(measure, err), "dial of package net")
		accepted, err := theirs.Accept()
		w.check(w.closed(accepted, err), "accept of package net")

		l := w.listen(stream.ListenOptions{KeepAlive: options.idle, KeepAliveConfig: options.config})
		d := stream.Dialer{KeepAlive: options.idle, KeepAliveConfig: options.config}
		c, err := w.dialTo(w.Context(), d, "tcp", l.Addr().String())
		w.check(err, "dial")
		got := w.accept(l).get()
		w.check(got.err, "accept")
		w.own(got.c)
		for what, pair := range map[string][2]net.Conn{"dialed": {c, measure}, "accepted": {got.c, accepted}} {
			ours, err := w.keepAliveOf(pair[0])
			if errors.Is(err, errors.ErrUnsupported) {
				return // package syscall has no numbers for the options
			}
			w.check(err, "getsockopt")
			want, err := w.keepAliveOf(pair[1])
			w.check(err, "getsockopt")
			if ours.on != want.on || ours.on != 0 && ours != want {
				w.Errorf("keep-alive %+v of a connection that was %s: %+v; package net has %+v", options, what, ours, want)
			}
		}
	}
}

func (w *world) keepAliveOf(c net.Conn) (k keepAlive, err error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	w.check(err, "SyscallConn")
	w.check(raw.Control(func(fd uintptr) { k, err = keepAliveOf(sys.Handle(fd)) }), "control")
	return k, err
}
