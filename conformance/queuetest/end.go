package queuetest

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// end is a handle that a case owns. It remembers that it was closed: a second close might hit a stranger.
type end struct {
	handle sys.Handle
	closed bool
}

func own(t T, h sys.Handle) *end {
	e := &end{handle: h}
	t.Cleanup(func() { e.close(t) })
	return e
}

func (e *end) close(t T) {
	if e.closed {
		return
	}
	e.closed = true
	if err := sys.Close(e.handle); err != nil {
		t.Errorf("close handle %v: %v", e.handle, err)
	}
}

func (e *end) send(t T, n int) {
	t.Helper()
	if got, err := sys.Write(e.handle, make([]byte, n)); got != n || err != nil {
		t.Fatalf("write of %d: %d, %v", n, got, err)
	}
}

// pair returns two sockets that are connected to each other. What one writes can be read from the other at once.
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

// connect starts a connection and reports whether it goes on in the kernel.
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
	// The queue is what is under test: something else has to wait for the connection.
	fds := []sys.PollFD{{Fd: int32(l.handle), Events: sys.PollIn}}
	deadline := time.Now().Add(f.patience)
	for {
		h, _, err := sys.Accept(l.handle)
		if err == nil {
			return client, own(t, h)
		}
		if err != sys.ErrWouldBlock || time.Now().After(deadline) {
			t.Fatalf("accept: %v", err)
		}
		if _, err := sys.Poll(fds, time.Until(deadline)); err != nil && sys.ClassOf(err) != sys.ClassInterrupted {
			t.Fatalf("poll: %v", err)
		}
	}
}
