package streamtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// scarcities is how often in a row the kernel has no memory.
const scarcities = 3

func scarceCases() []Case {
	return []Case{
		{
			ID: "accept/scarce", Doc: "stream.Listener.Accept",
			Rule: "A listener survives if the kernel has no memory to watch it or an accepted connection. Accept pauses, calls ListenOptions.Exhausted, and " +
				"continues with that connection.",
			Source: "kevent(2) and epoll_ctl(2), ENOMEM",
			Needs:  []Feature{Selects},
			Run:    in(acceptScarce),
		},
		{
			ID: "adopt/reset", Doc: "stream.NewConn",
			Rule:   "A socket whose peer has reset the connection becomes a Conn, whose first read returns the reset. A socket that was never connected does not.",
			Source: "getpeername(2), ENOTCONN",
			Run:    in(adoptReset),
		},
		{
			ID: "queue/no-room", Doc: "stream.WriteQueue.WaitRoom",
			Rule:  "CloseWrite ends the running WaitRoom, and each later one, with the EPIPE that a write would return. Queued bytes are still sent.",
			Needs: []Feature{UnixSockets},
			Run:   in(queueNoRoom),
		},
	}
}

// scarce is a Waiter for which the kernel lacks memory as often as left counts.
type scarce struct {
	w     *world
	left  atomic.Int64
	calls atomic.Int64 // that got no memory
}

func (s *scarce) fails() error {
	if s.left.Add(-1) < 0 {
		return nil
	}
	s.calls.Add(1)
	return fmt.Errorf("streamtest: no memory: %w", errNoMemory)
}

func (s *scarce) Register(h sys.Handle) (stream.Source, error) {
	if err := s.fails(); err != nil {
		return nil, err
	}
	r, err := s.w.spy.Register(h)
	if err != nil {
		return nil, err
	}
	return &scarceSource{r.(*spySource), s}, nil
}

func (s *scarce) NewSelect() stream.Select { return selectingSpy{s.w.spy}.NewSelect() }

type scarceSource struct {
	*spySource
	scarce *scarce
}

func (r *scarceSource) Wait(d sys.Direction, deadline time.Time) error {
	if err := r.scarce.fails(); err != nil {
		return err
	}
	return r.spySource.Wait(d, deadline)
}

func acceptScarce(w *world) {
	s := &scarce{w: w}
	var pauses atomic.Int64
	l, err := w.f.parts.newListener(s, loopback, stream.ListenOptions{Exhausted: func(err error, _ time.Duration) {
		pauses.Add(1)
	}})
	w.check(err, "listen")
	w.own(l)
	// Both the wait for a connection and the wait for the end of the pause fail.
	s.left.Store(scarcities)
	n := w.waits(sys.Readable)
	p := w.accept(l)
	w.waitingOrEnded(p, n)
	if pauses.Load() == 0 {
		w.Errorf("Exhausted was not called")
	}
	first := w.peerOf(l)
	got := p.get()
	w.check(got.err, "accept after the listener could not be watched")
	w.accepted(got.c, first)

	second := w.peerOf(l)
	before := pauses.Load()
	s.left.Store(scarcities)
	got = w.accept(l).get()
	w.check(got.err, "accept of a connection that could not be registered")
	w.accepted(got.c, second)
	if s.left.Load() >= 0 || pauses.Load() == before {
		w.Errorf("%d failures are left, and Exhausted was called %d times", s.left.Load(), pauses.Load()-before)
	}
}

// waitingOrEnded returns when p waits for an event, or has ended.
func (w *world) waitingOrEnded(p *pending[accepted], n int64) {
	w.Helper()
	for {
		s := w.spy.signal()
		if w.waits(sys.Readable) > n {
			return
		}
		select {
		case <-s:
		case r := <-p.done:
			p.done <- r // it has room for one
			return
		case <-w.Context().Done():
			w.Fatalf("%s neither returned nor waits", p.what)
		}
	}
}

// accepted checks that c is the connection of peer.
func (w *world) accepted(c net.Conn, peer *net.TCPConn) {
	w.Helper()
	if got, want := c.RemoteAddr().String(), peer.LocalAddr().String(); got != want {
		w.Errorf("accepted a connection from %s, want %s", got, want)
	}
}

func adoptReset(w *world) {
	s, peer := w.connected()
	w.check(peer.SetLinger(0), "peer's linger")
	w.check(peer.Close(), "peer's close")
	w.ready(s.Handle(), sys.PollIn)
	c := w.over(s)
	if got := w.read(c, 64).get(); got.n != 0 || !errors.Is(got.err, errReset) {
		w.Errorf("read of a connection that was reset earlier: %v, want %v", got, errReset)
	}
	w.check(c.Close(), "close")
	fresh, err := stream.OpenTCP(sys.IPv4)
	w.check(err, "open")
	w.own(&fresh)
	if c, err := w.f.parts.newConn(fresh, w.spy); err == nil {
		c.Close()
		w.Errorf("a socket that was never connected became a Conn")
	}
}

func queueNoRoom(w *world) {
	q, peer := w.queue(0)
	data := w.fill(q)
	n := w.waits(sys.Writable)
	room := call(w, "wait for room", func() error { return q.WaitRoom(1) })
	w.waiting(sys.Writable, n)
	end := call(w, "close write", q.CloseWrite)
	w.expectErrorOn(unixNetwork, room.get(), syscall.EPIPE, "write")
	w.expectErrorOn(unixNetwork, call(w, "wait for room", func() error { return q.WaitRoom(1) }).get(), syscall.EPIPE, "write")
	w.arrives(peer, data)
	w.check(end.get(), "close write")
	if n, err := peer.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Errorf("after the end the peer reads %d, %v", n, err)
	}
}
