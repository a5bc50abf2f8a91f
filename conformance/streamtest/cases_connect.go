package streamtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func connectCases() []Case {
	return []Case{
		{
			ID: "connect/refused", Doc: "stream.Socket.FinishConnect",
			Rule:   "A failed connect returns its error once: ECONNREFUSED (WSAECONNREFUSED) if there is no listener. After that, FinishConnect returns ErrNotConnecting.",
			Source: "a writable socket mistaken for a connected one",
			Run: in(func(w *world) {
				s := w.fresh()
				if err := s.FinishConnect(); err != stream.ErrNotConnecting {
					w.Errorf("FinishConnect before StartConnect: %v", err)
				}
				err := w.connectSocket(s, w.unused())
				if !errors.Is(err, errRefused) {
					w.Fatalf("connect without a listener: %v, want %v", err, errRefused)
				}
				if err := s.FinishConnect(); err != stream.ErrNotConnecting {
					w.Errorf("FinishConnect after the outcome: %v", err)
				}
			}),
		},
		{
			ID: "connect/spurious", Doc: "stream.Socket.FinishConnect",
			Rule:   "FinishConnect returns sys.ErrWouldBlock while the connect is in progress.",
			Source: "SO_ERROR is zero both after a spurious event and after success",
			Run: in(func(w *world) {
				s := w.fresh()
				if err := s.StartConnect(w.blackHole()); err != sys.ErrWouldBlock {
					w.Fatalf("connect to a black hole: %v, want would-block", err)
				}
				for range 2 {
					if err := s.FinishConnect(); err != sys.ErrWouldBlock {
						w.Errorf("FinishConnect while in progress: %v", err)
					}
				}
			}),
		},
		{
			ID: "connect/self", Doc: "stream.ErrSelfConnect",
			Rule:   "A connect of a socket to itself is refused with ErrSelfConnect, which matches ECONNREFUSED.",
			Source: "RFC 9293, 3.5; a dial of an ephemeral port that has no listener",
			Run: in(func(w *world) {
				raw, err := stream.OpenTCP(sys.IPv4)
				w.check(err, "open")
				s := w.f.parts.newSocket(&raw)
				w.own(s)
				w.check(s.Bind(loopback), "bind")
				addr, err := raw.LocalAddr()
				w.check(err, "local address")
				if err := w.connectSocket(s, addr); !errors.Is(err, stream.ErrSelfConnect) || !errors.Is(err, syscall.ECONNREFUSED) {
					w.Errorf("connect to itself: %v, want ErrSelfConnect", err)
				}
			}),
		},
	}
}

// fresh returns a socket under test that is not connected.
func (w *world) fresh() socket {
	w.Helper()
	raw, err := stream.OpenTCP(sys.IPv4)
	w.check(err, "open")
	s := w.f.parts.newSocket(&raw)
	w.own(s)
	return s
}

// connectSocket starts a connect and returns its outcome.
func (w *world) connectSocket(s socket, addr netip.AddrPort) error {
	err := s.StartConnect(addr)
	for err == sys.ErrWouldBlock {
		w.ready(s.Handle(), sys.PollOut)
		err = s.FinishConnect()
	}
	return err
}

func dialCases() []Case {
	return []Case{
		{
			ID: "dial/connects", Doc: "stream.Dialer.DialContext",
			Rule: "A dial returns a connection with the addresses of both ends. The connection outlives the context.",
			Run: in(func(w *world) {
				l := w.listenNet()
				ctx, cancel := context.WithCancel(w.Context())
				defer cancel()
				d := w.dialer()
				type opened struct {
					c   net.Conn
					err error
				}
				got := call(w, "dial", func() opened {
					c, err := d.DialContext(ctx, "tcp", l.Addr().String())
					return opened{c, err}
				}).get()
				w.check(got.err, "dial")
				w.own(got.c)
				peer, err := l.Accept()
				w.check(err, "peer's accept")
				w.own(peer)
				if got.c.RemoteAddr().String() != l.Addr().String() || got.c.LocalAddr().String() != peer.RemoteAddr().String() {
					w.Errorf("addresses: %v to %v, want %v to %v", got.c.LocalAddr(), got.c.RemoteAddr(), peer.RemoteAddr(), l.Addr())
				}
				c := got.c.(conn)
				cancel()
				_, err = peer.Write([]byte("after"))
				w.check(err, "peer's write")
				w.expectRead(c, "after")
			}),
		},
		{
			ID: "dial/refused", Doc: "stream.Dialer.DialContext",
			Rule: "A refused dial returns no connection and a *net.OpError with the address, which matches ECONNREFUSED (WSAECONNREFUSED).",
			Run: in(func(w *world) {
				addr := w.unused()
				got := w.connect(w.Context(), w.dialer(), addr).get()
				w.refusedBy(got, addr)
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "dial/no-waiter", Doc: "stream.ErrNoWaiter",
			Rule:   "Dials, listens and connections without a Waiter return ErrNoWaiter. NewConn leaves the socket to its caller.",
			Source: "a nil Waiter of a Dialer that ends the program",
			Run:    in(dialNoWaiter),
		},
		{
			ID: "dial/next-address", Doc: "stream.Dialer.Connect",
			Rule: "A dial tries the next address after one fails. If all fail, it returns an error that joins one per address.",
			Run: in(func(w *world) {
				l := w.listenNet()
				first, second := w.unused(), w.unused()
				last := l.Addr().(*net.TCPAddr).AddrPort()
				got := w.connect(w.Context(), w.dialer(), first, second, last).get()
				w.check(got.err, "dial of several addresses, of which only the last answers")
				if got.c.RemoteAddrPort() != last {
					w.Errorf("connected to %v, want %v", got.c.RemoteAddrPort(), last)
				}
				got = w.connect(w.Context(), w.dialer(), first, second).get()
				joined, ok := got.err.(interface{ Unwrap() []error })
				if got.c != nil || !ok || len(joined.Unwrap()) != 2 {
					w.Fatalf("dial of two addresses that refuse: %v, %v", got.c, got.err)
				}
				w.refusedBy(dialed{nil, joined.Unwrap()[0]}, first)
				w.refusedBy(dialed{nil, joined.Unwrap()[1]}, second)
			}),
		},
		{
			ID: "dial/deadline", Doc: "stream.Dialer.DialContext",
			Rule: "A dial that runs out of time returns no connection and a timeout that matches context.DeadlineExceeded and os.ErrDeadlineExceeded.",
			Run: in(func(w *world) {
				ctx, cancel := context.WithTimeout(w.Context(), soon)
				defer cancel()
				got := w.connect(ctx, w.dialer(), w.blackHole()).get()
				w.expectError(got.err, os.ErrDeadlineExceeded, "dial")
				if got.c != nil || !errors.Is(got.err, context.DeadlineExceeded) {
					w.Errorf("dial of a black hole: %v, %v", got.c, got.err)
				}
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "dial/canceled", Doc: "stream.Dialer.DialContext",
			Rule: "Canceling the context ends a dial, running or not yet begun, with context.Canceled and no connection.",
			Run: in(func(w *world) {
				// The dial runs without the deadline of the case: only the cancellation may end it.
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				hole := w.blackHole()
				p := w.connect(ctx, w.dialer(), hole, hole)
				w.waiting(sys.Writable, 0)
				cancel()
				got := p.get()
				w.expectError(got.err, context.Canceled, "dial")
				before := w.waits(sys.Writable)
				again := w.connect(ctx, w.dialer(), hole).get()
				w.expectError(again.err, context.Canceled, "dial")
				if got.c != nil || again.c != nil || w.waits(sys.Writable) != before {
					w.Errorf("canceled dials: connections %v, %v; a dial of a canceled context waited %d times", got.c, again.c, w.waits(sys.Writable)-before)
				}
			}),
		},
		{
			ID: "dial/no-leak", Doc: "stream.Dialer.DialContext",
			Rule:  "A failed dial leaves no open descriptor, and neither does a connection after Close.",
			Needs: []Feature{DescriptorLimit},
			Run: alone("dial/no-leak", func(w *world) {
				refuses, hole := w.unused(), w.blackHole()
				l := w.listenNet()
				accepts := l.Addr().(*net.TCPAddr).AddrPort()
				round := func() {
					d := w.dialer()
					if got := w.connect(w.Context(), d, refuses, refuses).get(); got.err == nil {
						w.Fatalf("dial without a listener succeeded")
					}
					ctx, cancel := context.WithTimeout(w.Context(), time.Millisecond)
					defer cancel()
					if got := w.connect(ctx, d, hole).get(); got.err == nil {
						w.Fatalf("dial of a black hole succeeded")
					}
					got := w.connect(w.Context(), d, accepts).get()
					w.check(got.err, "dial")
					peer, err := l.Accept()
					w.check(err, "peer's accept")
					w.check(peer.Close(), "peer's close")
					c, ok := got.c, true
					for ok {
						r := call(w, "read", func() error { _, err := c.Read(make([]byte, 1)); return err }).get()
						ok = r == nil
					}
					w.check(got.c.Close(), "close")
				}
				// The first round opens what the runtime and the target keep open.
				round()
				before := w.free()
				for range leakRounds {
					round()
				}
				w.freed(before)
			}),
		},
	}
}

// leakRounds is how often a case repeats an action that must not leak a descriptor. One round would
// suffice.
const leakRounds = 5

// free returns how many more descriptors the process can open.
func (w *world) free() int {
	all := w.hog()
	closeSockets(all)
	return len(all)
}

// freed waits until the process can again open that many descriptors.
func (w *world) freed(before int) {
	w.Helper()
	suite.Until(w, fmt.Sprintf("%d descriptors are free again", before), func() bool { return w.free() >= before })
}

// listenNet returns a listener of package net.
func (w *world) listenNet() net.Listener {
	w.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err, "listen")
	w.own(l)
	return l
}

func (w *world) refusedBy(got dialed, addr netip.AddrPort) {
	w.Helper()
	w.expectError(got.err, errRefused, "dial")
	var e *net.OpError
	if errors.As(got.err, &e); got.c != nil || e.Addr == nil || e.Addr.String() != addr.String() {
		w.Fatalf("dial of %v: %v, %v", addr, got.c, got.err)
	}
}

func dialNoWaiter(w *world) {
	var fields stream.Dialer
	d, l := w.f.parts.newDialer(&fields), w.listenNet()
	for what, try := range map[string]func() error{
		"dial": func() error {
			_, err := d.DialContext(w.Context(), "tcp", l.Addr().String())
			return err
		},
		"packet dial": func() error {
			_, err := d.DialContext(w.Context(), "udp", "127.0.0.1:9")
			return err
		},
		"listen": func() error {
			_, err := stream.Listen(nil, loopback, stream.ListenOptions{})
			return err
		},
		"packet listen": func() error {
			_, err := stream.ListenPacket(nil, loopback, stream.PacketOptions{})
			return err
		},
	} {
		if err := try(); !errors.Is(err, stream.ErrNoWaiter) {
			w.Errorf("%s: got %v, want ErrNoWaiter", what, err)
		}
	}
	s, _ := w.connected()
	if _, err := stream.NewConn(s, nil); !errors.Is(err, stream.ErrNoWaiter) {
		w.Errorf("connection: got %v, want ErrNoWaiter", err)
	}
	w.check(s.Close(), "close of the socket, which stays the caller's")
}
