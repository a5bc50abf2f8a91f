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
			Rule:   "A dial with LocalAddr has that local address. It tries only remote addresses of the same family.",
			Source: "net.Dialer.LocalAddr",
			Run:    in(dialLocalAddress),
		},
		{
			ID: "packet/local-address", Doc: "stream.Dialer",
			Rule:   "A dial of UDP with LocalAddr has that local address.",
			Source: "net.Dialer.LocalAddr",
			Run: in(func(w *world) {
				w.localPort("udp", w.packetPeer().LocalAddr().String(), net.IPv4(127, 0, 0, 1))
				w.localPort("udp", w.packetPeer().LocalAddr().String(), nil)
			}),
		},
		{
			ID: "dial/control", Doc: "stream.Dialer",
			Rule: "Control is called for the new socket of each attempt before it is bound or connected, with the arguments that package net passes. Its error ends " +
				"the attempt. ControlContext takes its place.",
			Source: "net.Dialer.Control",
			Run: in(func(w *world) {
				to := w.listenNet().Addr().String()
				w.dialControl("tcp", to)
				w.dialControl("tcp4", to)
				if w.has6() {
					w.dialControl("tcp", w.listenNet6(0).Addr().String())
				}
			}),
		},
		{
			ID: "listen/control", Doc: "stream.ListenOptions",
			Rule:   "Control is called for the new socket before it is bound, with the arguments that package net passes. Its error ends the listen.",
			Source: "net.ListenConfig.Control",
			Run:    in(listenControl),
		},
		{
			ID: "packet/control", Doc: "stream.PacketOptions",
			Rule:   "Control is called as for TCP, by dials of UDP and by ListenPacket.",
			Source: "net.ListenConfig.Control",
			Run: in(func(w *world) {
				to := w.packetPeer().LocalAddr().String()
				w.dialControl("udp", to)
				w.dialControl("udp4", to)
				for _, place := range listenPlaces {
					network := packetNetworkOf(place.network)
					w.listenControl(network, place.host, func(control *net.ListenConfig, address string) error {
						c, err := control.ListenPacket(w.Context(), network, address)
						return w.closed(c, err)
					}, func(control *controlCalls, address string) error {
						_, err := w.receiveBy(stream.ListenConfig{PacketOptions: stream.PacketOptions{Control: control.call}}, network, address)
						return err
					})
				}
			}),
		},
		{
			ID: "options/keep-alive-default", Doc: "stream.Dialer",
			Rule:   "Dialed and accepted connections have the keep-alive settings that package net gives for the same options: on by default.",
			Source: "net.Dialer.KeepAlive",
			Run:    in(keepAliveDefault),
		},
		{
			ID: "packet/broadcast", Doc: "stream.Dialer.ConnectUDP",
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
	l := w.listenNet()
	ip := net.IPv4(127, 0, 0, 1)
	for _, local := range []net.Addr{&net.TCPAddr{IP: ip}, &net.TCPAddr{}, &net.TCPAddr{IP: net.IPv4zero}, &net.TCPAddr{IP: net.IPv6zero}, (*net.TCPAddr)(nil)} {
		c, err := w.dialTo(w.Context(), stream.Dialer{LocalAddr: local}, "tcp", l.Addr().String())
		w.check(err, fmt.Sprintf("dial from %v", local))
		if got := c.LocalAddr().(*net.TCPAddr); !got.IP.Equal(ip) || got.Port == 0 {
			w.Errorf("dial from %v: the local address is %v", local, got)
		}
	}
	w.localPort("tcp", l.Addr().String(), ip)
	w.localPort("tcp", l.Addr().String(), nil)
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

// dialControl dials with and without an error of Control.
func (w *world) dialControl(network, to string) {
	w.Helper()
	ours, theirs := &controlCalls{}, &controlCalls{}
	c, err := w.dialTo(w.Context(), stream.Dialer{Control: ours.call, LocalAddr: localOf(network)}, network, to)
	w.check(err, "dial")
	measure, err := (&net.Dialer{Control: theirs.net}).Dial(network, to)
	w.check(w.closed(measure, err), "dial of package net")
	if !slices.Equal(ours.calls, theirs.calls) || ours.bound {
		w.Errorf("dial %s: Control was called with %q, bound: %v; package net passes %q", to, ours.calls, ours.bound, theirs.calls)
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
	_, err = w.dialTo(w.Context(), stream.Dialer{Control: ours.call}, network, to)
	if e, ok := err.(*net.OpError); !ok || e.Err != errControl || e.Addr.String() != to {
		w.Errorf("dial %s: %v, want a *net.OpError with the error of Control", to, err)
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
	}, network, to)
	if err != nil || !called {
		w.Errorf("dial %s with ControlContext: %v; called with the context of the dial: %v", to, err, called)
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
		w.listenControl(place.network, place.host, func(control *net.ListenConfig, address string) error {
			l, err := control.Listen(w.Context(), place.network, address)
			return w.closed(l, err)
		}, func(control *controlCalls, address string) error {
			_, err := w.listenBy(stream.ListenConfig{Options: stream.ListenOptions{Control: control.call}}, place.network, address)
			return err
		})
	}
}

// listenControl listens with and without an error of Control.
func (w *world) listenControl(network, host string, theirs func(*net.ListenConfig, string) error, ours func(*controlCalls, string) error) {
	w.Helper()
	address := net.JoinHostPort(host, "0")
	got, want := &controlCalls{}, &controlCalls{}
	wantErr := theirs(&net.ListenConfig{Control: want.net}, address)
	err := ours(got, address)
	if (err == nil) != (wantErr == nil) {
		w.Errorf("listen %s %s: %v; package net returns %v", network, address, err, wantErr)
	}
	if err != nil {
		return // no IPv6
	}
	if !slices.Equal(got.calls, want.calls) || got.bound {
		w.Errorf("listen %s %s: Control was called with %q, bound: %v; package net passes %q", network, address, got.calls, got.bound, want.calls)
	}
	got.fail = errControl
	if err := ours(got, address); !errors.Is(err, errControl) {
		w.Errorf("listen %s %s: %v, want the error of Control", network, address, err)
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
