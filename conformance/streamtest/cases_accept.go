package streamtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// queued is how many connections a case leaves in the queue.
const queued = 5

// pausesSeen is how many pauses of an exhausted listener a case watches, and waitsMax is how many
// waits it allows for them.
const (
	pausesSeen = 4
	waitsMax   = 50
)

func acceptCases() []Case {
	return []Case{
		{
			ID: "accept/waits", Doc: "stream.Listener.Accept",
			Rule: "Accept suspends its caller until a connection arrives, and returns it on the listener's Waiter with both addresses.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				for range 2 {
					n := w.waits(sys.Readable)
					p := w.accept(l)
					w.waiting(sys.Readable, n)
					peer := w.peerOf(l)
					got := p.get()
					w.check(got.err, "accept")
					if got.c.RemoteAddr().String() != peer.LocalAddr().String() || got.c.LocalAddr().String() != l.Addr().String() {
						w.Errorf("addresses: %v to %v, want %v to %v", got.c.LocalAddr(), got.c.RemoteAddr(), l.Addr(), peer.LocalAddr())
					}
					w.greeted(got.c.(conn), peer)
				}
			}),
		},
		{
			ID: "accept/queued", Doc: "stream.Listener",
			Rule:   "All queued connections are accepted, however few events reported them.",
			Source: "an edge-triggered listener that strands connections",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				for range queued {
					w.peerOf(l)
				}
				for range queued {
					w.check(w.accept(l).get().err, "accept")
				}
			}),
		},
		{
			ID: "accept/try", Doc: "stream.Listener.TryAccept",
			Rule: "TryAccept takes what is in the queue, then returns sys.ErrWouldBlock. Its sockets can be passed to a Waiter.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				peer := w.peerOf(l)
				first := call(w, "accept a socket", func() error {
					s, addr, err := l.AcceptSocket()
					if err != nil {
						return err
					}
					defer s.Close()
					if addr.String() != peer.LocalAddr().String() {
						return errors.New("AcceptSocket returned the address " + addr.String())
					}
					return nil
				})
				w.check(first.get(), "accept a socket")
				if s, _, err := l.TryAccept(); err != sys.ErrWouldBlock {
					s.Close()
					w.Fatalf("TryAccept of an empty queue: %v", err)
				}
				second := w.peerOf(l)
				var s stream.Socket
				var err error
				// The peer's dial returns shortly before its connection is in the queue.
				suite.Until(w, "a connection in the queue", func() bool {
					s, _, err = l.TryAccept()
					return err != sys.ErrWouldBlock
				})
				w.check(err, "try accept")
				w.greeted(w.over(s), second)
			}),
		},
		{
			ID: "accept/non-blocking", Doc: "stream.Listener.AcceptSocket",
			Rule:  "An accepted socket is non-blocking.",
			Needs: []Feature{NonblockFlag},
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				w.peerOf(l)
				blocks := call(w, "accept a socket", func() error {
					s, _, err := l.AcceptSocket()
					if err != nil {
						return err
					}
					defer s.Close()
					if ok, err := sys.IsNonblock(s.Handle()); !ok || err != nil {
						return fmt.Errorf("an accepted socket is not non-blocking: %v", err)
					}
					return nil
				})
				w.check(blocks.get(), "accept a socket")
			}),
			Refused: in(func(w *world) {
				if _, err := sys.IsNonblock(sys.Invalid); !errors.Is(err, errors.ErrUnsupported) {
					w.Errorf("query of the non-blocking flag: %v, want errors.ErrUnsupported", err)
				}
			}),
		},
		{
			ID: "accept/reset-in-queue", Doc: "stream.Listener.Accept",
			Rule:   "A connection that is reset before it is accepted does not end the listener.",
			Source: "a listener that dies of ECONNABORTED",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				reset(w, w.peerOf(l))
				good := w.peerOf(l)
				for {
					got := w.accept(l).get()
					w.check(got.err, "accept")
					if got.c.RemoteAddr().String() == good.LocalAddr().String() {
						w.greeted(got.c.(conn), good)
						return
					}
				}
			}),
		},
		{
			ID: "accept/deadline", Doc: "stream.Listener.SetDeadline",
			Rule: "A deadline ends a running or later Accept once it has passed. The listener continues afterwards.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				n := w.waits(sys.Readable)
				p := w.accept(l)
				w.waiting(sys.Readable, n)
				w.check(l.SetDeadline(time.Unix(1, 0)), "set deadline")
				w.expectError(p.get().err, os.ErrDeadlineExceeded, "accept")
				deadline := time.Now().Add(soon)
				w.check(l.SetDeadline(deadline), "set deadline")
				w.expectError(w.accept(l).get().err, os.ErrDeadlineExceeded, "accept")
				if time.Now().Before(deadline) {
					w.Errorf("the deadline expired early")
				}
				w.check(l.SetDeadline(time.Time{}), "clear deadline")
				peer := w.peerOf(l)
				got := w.accept(l).get()
				w.check(got.err, "accept")
				w.greeted(got.c.(conn), peer)
			}),
		},
		{
			ID: "accept/close", Doc: "stream.Listener.Close",
			Rule: "Close makes running and later accepts return net.ErrClosed, and ends the registration. A second Close returns net.ErrClosed.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				n := w.waits(sys.Readable)
				p := w.accept(l)
				w.waiting(sys.Readable, n)
				w.check(l.Close(), "close")
				w.expectError(p.get().err, net.ErrClosed, "accept")
				w.expectError(w.accept(l).get().err, net.ErrClosed, "accept")
				w.expectError(l.Close(), net.ErrClosed, "close")
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "accept/exhausted", Doc: "stream.Listener.Accept",
			Rule:   "Accept does not fail when the process runs out of descriptors. It pauses, longer each time, serves what it has, and continues when descriptors are free.",
			Source: "accept loops that spin or end on EMFILE",
			Needs:  []Feature{DescriptorLimit},
			Run:    alone("accept/exhausted", exhausted),
		},
	}
}

func exhausted(w *world) {
	pauses := make(chan time.Duration, 1<<10)
	l := w.listen(stream.ListenOptions{Exhausted: func(err error, pause time.Duration) {
		if errors.Is(err, syscall.EMFILE) {
			select {
			case pauses <- pause:
			default:
			}
		}
	}})
	before := w.peerOf(l)
	got := w.accept(l).get()
	w.check(got.err, "accept")
	w.greeted(got.c.(conn), before)
	after := w.peerOf(l)
	all := w.hog()

	p := w.accept(l)
	last := time.Duration(0)
	for range pausesSeen {
		select {
		case pause := <-pauses:
			if pause <= last || pause > time.Second {
				w.Errorf("a pause of %v after one of %v", pause, last)
			}
			last = pause
		case got := <-p.done:
			closeSockets(all)
			w.Fatalf("accept without descriptors returned %v, %v", got.c, got.err)
		case <-time.After(w.Patience()):
			closeSockets(all)
			w.Hang("a pause")
		}
	}
	if n := w.waits(sys.Writable) + w.waits(sys.Readable); n > waitsMax {
		w.Errorf("%d waits in %d pauses: the listener spins", n, pausesSeen)
	}
	w.greeted(got.c.(conn), before)
	closeSockets(all)
	got = p.get()
	w.check(got.err, "accept after descriptors are free again")
	w.greeted(got.c.(conn), after)
}

// accepted is the result of an accept.
type accepted struct {
	c   net.Conn
	err error
}

func (w *world) accept(l listener) *pending[accepted] {
	return call(w, "accept", func() accepted {
		c, err := l.Accept()
		if err == nil {
			w.own(c)
		}
		return accepted{c, err}
	})
}

// greeted sends a few bytes each way.
func (w *world) greeted(c conn, peer *net.TCPConn) {
	w.Helper()
	_, err := io.WriteString(peer, "hello")
	w.check(err, "peer's write")
	w.expectRead(c, "hello")
	w.check(w.write(c, []byte("world")).get().err, "write")
	got := make([]byte, 5)
	if _, err := io.ReadFull(w.from(peer), got); err != nil || string(got) != "world" {
		w.Fatalf("peer's read: %q, %v", got, err)
	}
}
