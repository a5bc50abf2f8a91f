package queuetest

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// end is a handle that a case owns. It records that it was closed: a second close might hit a
// reused number.
type end struct {
	handle sys.Handle
	closed atomic.Bool
}

func own(t T, h sys.Handle) *end {
	e := &end{handle: h}
	t.Cleanup(func() { e.close(t) })
	return e
}

func (e *end) close(t T) {
	if e.closed.Swap(true) {
		return
	}
	if err := sys.Close(e.handle); err != nil {
		t.Errorf("close handle %v: %v", e.handle, err)
	}
}

func (e *end) send(t T, n int) {
	t.Helper()
	if got, err := sys.Write(e.handle, make([]byte, n)); got != n || err != nil {
		t.Fatalf("write of %d bytes: got %d, %v", n, got, err)
	}
}

// pair returns two sockets that are connected to each other. On some systems they are TCP sockets.
// A write of one end then becomes readable at the other a little later, and a full socket may gain
// room a little later.
func pair(t T) (a, b *end) {
	t.Helper()
	x, y, err := sys.SocketPair()
	must(t, err)
	return own(t, x), own(t, y)
}

func pipe(t T) (r, w *end) {
	t.Helper()
	x, y, err := sys.Pipe()
	must(t, err)
	return own(t, x), own(t, y)
}

var loopback = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)

// listen returns a TCP socket that accepts connections on loopback, and its address.
func listen(t T) (*end, netip.AddrPort) {
	t.Helper()
	l := tcp(t)
	must(t, sys.Bind(l.handle, loopback))
	must(t, sys.Listen(l.handle, 16))
	addr, err := sys.LocalAddr(l.handle)
	must(t, err)
	return l, addr
}

func tcp(t T) *end {
	t.Helper()
	h, err := sys.Socket(sys.IPv4)
	must(t, err)
	return own(t, h)
}

// connect starts a connection and reports whether it is still in progress.
func connect(t T, e *end, addr netip.AddrPort) (inProgress bool) {
	t.Helper()
	err := sys.Connect(e.handle, addr)
	if sys.ClassOf(err) == sys.ClassInProgress {
		return true
	}
	must(t, err)
	return false
}

// connected returns both ends of a TCP connection.
func (f *Fixture) connected(t T) (client, server *end) {
	t.Helper()
	l, addr := listen(t)
	client = tcp(t)
	connect(t, client, addr)
	return client, f.accept(t, l)
}

// accept returns the next connection of l, which must be in progress.
func (f *Fixture) accept(t T, l *end) *end {
	t.Helper()
	var h sys.Handle
	f.patiently(t, "accept", func() (err error) {
		h, _, err = sys.Accept(l.handle)
		return err
	})
	return own(t, h)
}

// read reads n bytes from e, which must already have been sent.
func (f *Fixture) read(t T, e *end, n int) {
	t.Helper()
	p := make([]byte, min(n, 1<<16))
	for n > 0 {
		f.patiently(t, "read", func() error {
			got, err := sys.Read(e.handle, p[:min(n, len(p))])
			if got == 0 && err == nil {
				t.Fatalf("read: end of stream, want %d more bytes", n)
			}
			n -= got
			return err
		})
	}
}

// patiently repeats try until it no longer would block. It does not wait with the queue, because
// the queue is under test.
func (f *Fixture) patiently(t T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(f.patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if err != sys.ErrWouldBlock || time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		nap()
	}
}

// nap sleeps briefly, so that the system can make progress in the background.
func nap() {
	timer := time.NewTimer(200 * time.Microsecond)
	defer timer.Stop()
	<-timer.C
}
