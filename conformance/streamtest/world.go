package streamtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// loopback is the address of every listener.
var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// loopback6 is its counterpart for IPv6.
var loopback6 = netip.AddrPortFrom(netip.IPv6Loopback(), 0)

// world is one running case: the T and the Fixture, a spy between the code under test and its
// Waiter, and what must be closed.
type world struct {
	T
	f   *Fixture
	spy *spy

	mu      sync.Mutex
	closers []io.Closer    // guarded by mu
	calls   map[string]int // that have not returned, by name; guarded by mu
}

// in makes the function of a case.
func in(run func(w *world)) func(T, *Fixture) {
	return func(t T, f *Fixture) {
		w := &world{T: t, f: f, spy: newSpy(f.Waiter)}
		t.Evidence(w.evidence)
		t.Cleanup(w.closeAll)
		t.OnHang(w.closeAll)
		run(w)
	}
}

// evidence returns what is known when the case hangs.
func (w *world) evidence() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("calls that have not returned: %v; %v", w.calls, w.spy)
}

// own closes c, from any goroutine, when the case ends or hangs.
func (w *world) own(c io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closers = append(w.closers, c)
}

func (w *world) closeAll() {
	w.mu.Lock()
	closers := w.closers
	w.closers = nil
	w.mu.Unlock()
	for _, c := range closers {
		c.Close() // many cases close what they own themselves; the error of a second close has a case of its own
	}
}

// check ends the case if err is not nil.
func (w *world) check(err error, what string) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
}

// result is the result of a read or a write.
type result struct {
	data []byte
	n    int
	err  error
}

func (r result) String() string {
	if r.data != nil {
		return fmt.Sprintf("%.40q, %v", r.data, r.err)
	}
	return fmt.Sprintf("%d, %v", r.n, r.err)
}

func (w *world) read(c io.Reader, size int) *pending[result] {
	return call(w, "read", func() result {
		p := make([]byte, size)
		n, err := c.Read(p)
		return result{p[:max(n, 0)], n, err}
	})
}

func (w *world) readAll(c conn) *pending[result] {
	return call(w, "read all", func() result {
		p, err := io.ReadAll(c)
		return result{p, len(p), err}
	})
}

func (w *world) write(c io.Writer, p []byte) *pending[result] {
	return call(w, "write", func() result {
		n, err := c.Write(p)
		return result{nil, n, err}
	})
}

// expectRead reads once and wants exactly these bytes.
func (w *world) expectRead(c io.Reader, want string) {
	w.Helper()
	if got := w.read(c, 64).get(); string(got.data) != want || got.err != nil {
		w.Fatalf("read: got %v, want %q", got, want)
	}
}

// expectEOF reads once and wants the end of the stream, as io.EOF itself.
func (w *world) expectEOF(c conn) {
	w.Helper()
	if got := w.read(c, 64).get(); got.n != 0 || got.err != io.EOF {
		w.Fatalf("read: got %v, want 0 bytes and io.EOF itself", got)
	}
}

// expectError wants a *net.OpError that matches target.
func (w *world) expectError(err, target error, op string) {
	w.Helper()
	w.expectErrorOn("tcp", err, target, op)
}

func (w *world) expectErrorOn(network string, err, target error, op string) {
	w.Helper()
	var e *net.OpError
	if !errors.As(err, &e) || !errors.Is(err, target) || e.Op != op || e.Net != network {
		w.Fatalf("got error %v (%T), want a *net.OpError of op %q, net %s that matches %v", err, err, op, network, target)
	}
	if target == os.ErrDeadlineExceeded && !e.Timeout() {
		w.Fatalf("%v: Timeout() is false", err)
	}
}

// waiting returns when a wait in direction d later than the first n has begun.
func (w *world) waiting(d sys.Direction, n int64) {
	w.Helper()
	w.begun(func() bool { return w.spy.waits[d].Load() > n }, "a call waits for "+d.String())
}

// begun returns when the state of the spy makes cond true.
func (w *world) begun(cond func() bool, otherwise string) {
	w.Helper()
	for {
		s := w.spy.signal()
		if cond() {
			return
		}
		select {
		case <-s:
		case <-w.Context().Done():
			w.Hang("%s, while other waits keep beginning", otherwise)
		case <-time.After(w.Patience()):
			w.Hang("%s", otherwise)
		}
	}
}

// waiter returns the spy with the interfaces of the Waiter that it watches.
func (w *world) waiter() stream.Waiter {
	if _, ok := w.spy.under.(stream.Selector); ok {
		return selectingSpy{w.spy}
	}
	return w.spy
}

// waitingOr is waiting until a time at which the call may have ended without a wait. It reports
// whether the wait has begun.
func (w *world) waitingOr(d sys.Direction, n int64, until time.Time) bool {
	for {
		s := w.spy.signal()
		if w.spy.waits[d].Load() > n {
			return true
		}
		select {
		case <-s:
		case <-time.After(time.Until(until)):
			return false
		}
	}
}

// waits returns how many waits in direction d have begun.
func (w *world) waits(d sys.Direction) int64 { return w.spy.waits[d].Load() }

// randomBytes is the period of random: a prime, so no buffer and no record has a multiple of it.
const randomBytes = 8191

// random returns n bytes from a seed that the case reports.
func (w *world) random(n int) []byte {
	seed := rand.Uint64()
	w.Logf("seed %d", seed)
	p := make([]byte, n)
	once := p[:min(n, randomBytes)]
	rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), seed))).Read(once) // never fails
	for at := len(once); at < n; at += copy(p[at:], once) {
	}
	return p
}

// ready waits until h reports an event.
func (w *world) ready(h sys.Handle, events int16) {
	w.Helper()
	fds := []sys.PollFD{{Fd: int32(h), Events: events}}
	for until := time.Now().Add(w.Patience()); ; {
		n, err := sys.Poll(fds, time.Until(until))
		switch {
		case sys.ClassOf(err) == sys.ClassInterrupted:
			continue
		case err != nil:
			w.Fatalf("poll of %v: %v", h, err)
		case n == 0:
			w.Hang("an event of %v, of %#x", h, events)
		}
		return
	}
}

// connected returns a socket and its peer, a connection of package net.
func (w *world) connected() (stream.Socket, *net.TCPConn) {
	w.Helper()
	l, err := stream.OpenTCP(sys.IPv4)
	w.check(err, "open")
	defer l.Close()
	w.check(l.Bind(loopback), "bind")
	w.check(l.Listen(1), "listen")
	addr, err := l.LocalAddr()
	w.check(err, "local address")
	peer, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
	w.check(err, "dial")
	w.own(peer)
	w.ready(l.Handle(), sys.PollIn)
	s, _, err := l.TryAccept()
	w.check(err, "accept")
	w.check(s.SetNoDelay(true), "no delay")
	return s, peer
}

// pair returns a connection under test and its peer, a connection of package net.
func (w *world) pair() (conn, *net.TCPConn) {
	w.Helper()
	s, peer := w.connected()
	c, err := w.f.parts.newConn(s, w.spy)
	if err != nil {
		s.Close()
		w.Fatalf("new connection: %v", err)
	}
	w.own(c)
	return c, peer
}

// listen returns a listener under test.
func (w *world) listen(config stream.ListenOptions) listener {
	w.Helper()
	l, err := w.f.parts.newListener(w.spy, loopback, config)
	w.check(err, "listen")
	w.own(l)
	return l
}

// dialer returns a dialer under test.
func (w *world) dialer() dialer { return w.dialerOf(stream.Dialer{}) }

// dialerOf returns a dialer under test with the options of d.
func (w *world) dialerOf(d stream.Dialer) dialer {
	if d.Waiter == nil {
		d.Waiter = w.waiter()
	}
	return w.f.parts.newDialer(&d)
}

// peerOf connects to l with package net.
func (w *world) peerOf(l listener) *net.TCPConn {
	w.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(l.AddrPort()))
	w.check(err, "dial")
	w.own(c)
	return c
}

// dialed is the result of a dial.
type dialed struct {
	c   *stream.Conn
	err error
}

func (w *world) connect(ctx context.Context, d dialer, addrs ...netip.AddrPort) *pending[dialed] {
	return call(w, "dial", func() dialed {
		c, err := d.Connect(ctx, addrs...)
		if c != nil {
			w.own(c)
		}
		return dialed{c, err}
	})
}

// unused returns an address without a listener that no other socket gets meanwhile: that of a
// client. A bound port that does not listen would not do: some of the BSDs answer nothing.
func (w *world) unused() netip.AddrPort {
	w.Helper()
	s, client := w.connected()
	w.own(&s)
	return client.LocalAddr().(*net.TCPAddr).AddrPort()
}

// blackHoleSockets is how many connections fill the queue of a listener with the smallest backlog.
const blackHoleSockets = 8

// blackHole returns an address where connects neither succeed nor fail: the kernel drops packets
// for its listener, or the listener's queue is full.
func (w *world) blackHole() netip.AddrPort {
	w.Helper()
	l, err := stream.OpenTCP(sys.IPv4)
	w.check(err, "open")
	w.own(&l)
	w.check(l.Bind(loopback), "bind")
	deaf, err := deafen(l.Handle())
	w.check(err, "make deaf")
	w.check(l.Listen(0), "listen")
	addr, err := l.LocalAddr()
	w.check(err, "local address")
	if deaf {
		return addr
	}
	for i := range blackHoleSockets {
		s, err := stream.OpenTCP(sys.IPv4)
		w.check(err, "open")
		w.own(&s)
		if err := s.StartConnect(addr); err != nil && err != sys.ErrWouldBlock {
			w.Fatalf("filling the queue: %v", err)
		}
		if i == 0 {
			// On Linux, one connection fills the queue once it is in it.
			w.ready(l.Handle(), sys.PollIn)
		}
	}
	return addr
}
