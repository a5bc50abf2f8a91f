package streamtest

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// soon is a deadline that a case waits for. If it takes longer, that proves nothing.
const soon = 5 * time.Millisecond

func waiterCases() []Case {
	return []Case{
		{
			ID: "waiter/ready", Doc: "stream.Source",
			Rule: "Wait returns nil when an operation in its direction is worth trying again, whether it became so before or after Wait began.",
			Run: in(func(w *world) {
				s, r, peer := w.registered()
				if err := w.wait(r, sys.Writable, time.Time{}).get(); err != nil {
					w.Fatalf("wait for writing on an idle connection: %v", err)
				}
				w.wouldBlock(s)
				_, err := peer.Write([]byte("a"))
				w.check(err, "peer's write")
				w.awaitByte(s, r)
				w.wouldBlock(s)
				n := w.waits(sys.Readable)
				p := call(w, "direct read", func() error { return readByte(s, r) })
				w.waiting(sys.Readable, n)
				_, err = peer.Write([]byte("b"))
				w.check(err, "peer's write")
				w.check(p.get(), "wait that began before the bytes came")
			}),
		},
		{
			ID: "waiter/directions", Doc: "stream.Source",
			Rule:   "Readiness in one direction does not end a wait in the other.",
			Source: "an edge that reports both reading and writing",
			Run: in(func(w *world) {
				s, r, peer := w.registered()
				w.wouldBlock(s)
				// It is writable throughout.
				w.looks("wait for reading without an event", func(passed time.Time) error { return r.Wait(sys.Readable, passed) })
				reader := w.wait(r, sys.Readable, time.Time{})
				w.check(w.wait(r, sys.Writable, time.Time{}).get(), "wait for writing while a reader waits")
				_, err := peer.Write([]byte("a"))
				w.check(err, "peer's write")
				w.check(reader.get(), "wait for reading")
			}),
		},
		{
			ID: "waiter/deadline", Doc: "stream.Source",
			Rule: "Wait returns os.ErrDeadlineExceeded once the deadline has passed, and not before.",
			Run: in(func(w *world) {
				s, r, peer := w.registered()
				for _, after := range []time.Duration{-time.Hour, 0, soon} {
					w.wouldBlock(s)
					deadline := time.Now().Add(after)
					for {
						err := w.wait(r, sys.Readable, deadline).get()
						if err == os.ErrDeadlineExceeded {
							break
						}
						w.check(err, "wait")
					}
					if time.Now().Before(deadline) {
						w.Errorf("deadline after %v: it expired early", after)
					}
				}
				w.wouldBlock(s)
				n := w.waits(sys.Readable)
				p := w.wait(r, sys.Readable, time.Now().Add(never))
				w.waiting(sys.Readable, n)
				_, err := peer.Write([]byte("a"))
				w.check(err, "peer's write")
				w.check(p.get(), "wait with a distant deadline")
			}),
		},
		{
			ID: "waiter/interrupt-first", Doc: "stream.Source",
			Rule: "Interrupt makes the next Wait in its direction return nil if none is running.",
			Run: in(func(w *world) {
				s, r, _ := w.registered()
				w.wouldBlock(s)
				r.Interrupt(sys.Readable)
				if err := w.wait(r, sys.Readable, time.Time{}).get(); err != nil {
					w.Errorf("wait after Interrupt: %v, want nil", err)
				}
			}),
		},
		{
			ID: "waiter/interrupt-running", Doc: "stream.Source",
			Rule: "Interrupt makes a running Wait in its direction return nil.",
			Run: in(func(w *world) {
				s, r, _ := w.registered()
				for range 3 {
					w.wouldBlock(s)
					n := w.waits(sys.Readable)
					p := w.wait(r, sys.Readable, time.Time{})
					w.waiting(sys.Readable, n)
					r.Interrupt(sys.Readable)
					if err := p.get(); err != nil {
						w.Errorf("interrupted wait: %v, want nil", err)
					}
				}
			}),
		},
		{
			ID: "waiter/close-running", Doc: "stream.Source",
			Rule: "Close makes a running Wait return. Later waits return net.ErrClosed.",
			Run: in(func(w *world) {
				s, r, _ := w.registered()
				w.wouldBlock(s)
				n := w.waits(sys.Readable)
				p := call(w, "wait without an event", func() error {
					for {
						if err := r.Wait(sys.Readable, time.Time{}); err != nil {
							return err
						}
					}
				})
				w.waiting(sys.Readable, n)
				w.check(r.Close(), "close")
				if err := p.get(); err != net.ErrClosed {
					w.Errorf("wait that was running at Close: %v, want net.ErrClosed", err)
				}
			}),
		},
		{
			ID: "waiter/closed", Doc: "stream.Source",
			Rule: "After Close, Wait returns net.ErrClosed, Interrupt does nothing, and a second Close does nothing.",
			Run: in(func(w *world) {
				_, r, _ := w.registered()
				w.check(r.Close(), "close")
				r.Interrupt(sys.Readable)
				for _, d := range []sys.Direction{sys.Readable, sys.Writable} {
					if err := w.wait(r, d, time.Time{}).get(); err != net.ErrClosed {
						w.Errorf("wait for %v after Close: %v, want net.ErrClosed", d, err)
					}
				}
				w.check(r.Close(), "second close")
			}),
		},
		{
			ID: "waiter/number-again", Doc: "stream.Source",
			Rule: "The number of a handle can be registered again as soon as Close has returned.",
			Run: in(func(w *world) {
				for range 3 {
					s, r, peer := w.registered()
					h := s.Handle()
					w.check(r.Close(), "close")
					again, err := w.spy.Register(h)
					w.check(err, "register the handle again")
					_, err = peer.Write([]byte("a"))
					w.check(err, "peer's write")
					w.awaitByte(s, again)
					w.check(again.Close(), "close again")
					w.check(s.Close(), "close the socket")
				}
			}),
		},
	}
}

// spuriousMax is how many consecutive returns of Wait without a cause a case accepts.
const spuriousMax = 100

// looks is how often a case checks whether something ends a wait that nothing should end.
// looksSpurious is how many of these checks may return nil. If readiness in the other direction
// ended a wait, at least every second check would: one takes the event, and the next may end before
// its own event comes.
const (
	looks         = 40
	looksSpurious = looks / 4
)

// looks calls wait with a deadline in the past, so that wait returns os.ErrDeadlineExceeded at once
// unless something else has ended it. Between two checks, an event comes for another handle. By
// then, the waiter has also found the events that the previous check asked for.
func (w *world) looks(what string, wait func(passed time.Time) error) {
	w.Helper()
	s, r, peer := w.registered()
	w.wouldBlock(s)
	w.check(call(w, what, func() error {
		passed, spurious := time.Now(), 0
		for range looks {
			if _, err := peer.Write([]byte("f")); err != nil {
				return err
			}
			if err := readByte(s, r); err != nil {
				return err
			}
			switch err := wait(passed); err {
			case os.ErrDeadlineExceeded:
			case nil:
				spurious++
			default:
				return err
			}
		}
		if spurious > looksSpurious {
			return fmt.Errorf("%d of %d returned nil", spurious, looks)
		}
		return nil
	}).get(), what)
}

// registered returns a socket, its registration, and its peer.
func (w *world) registered() (*stream.Socket, stream.Source, *net.TCPConn) {
	w.Helper()
	s, peer := w.connected()
	r, err := w.spy.Register(s.Handle())
	if err != nil {
		s.Close()
		w.Fatalf("register: %v", err)
	}
	both := &registeredSocket{s, r}
	w.own(both)
	return &both.s, r, peer
}

type registeredSocket struct {
	s stream.Socket
	r stream.Source
}

func (b *registeredSocket) Close() error {
	err := b.r.Close()
	if e := b.s.Close(); err == nil {
		err = e
	}
	return err
}

func (w *world) wait(r stream.Source, d sys.Direction, deadline time.Time) *pending[error] {
	return call(w, "wait for "+d.String(), func() error { return r.Wait(d, deadline) })
}

// wouldBlock reads and wants would-block.
func (w *world) wouldBlock(s *stream.Socket) {
	w.Helper()
	if n, err := s.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
		w.Fatalf("read of a silent connection: %d, %v", n, err)
	}
}

// awaitByte waits for one byte and reads it.
func (w *world) awaitByte(s *stream.Socket, r stream.Source) {
	w.Helper()
	w.check(call(w, "direct read", func() error { return readByte(s, r) }).get(), "wait for a byte")
}

func readByte(s *stream.Socket, r stream.Source) error {
	for {
		if err := r.Wait(sys.Readable, time.Time{}); err != nil {
			return err
		}
		if _, err := s.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
			return err
		}
	}
}
