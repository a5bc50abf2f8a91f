package streamtest

import (
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func selectCases() []Case {
	all := []Case{
		{
			ID: "select/ready", Doc: "stream.Select",
			Rule: "Wait returns nil when any wanted registration is worth trying again, whether it became so before or after Wait began.",
			Run: in(func(w *world) {
				s := w.selection(2)
				for i := range s.sockets {
					_, err := s.peers[i].Write([]byte("a"))
					w.check(err, "peer's write")
					s.expectByte(i)
					s.endsBy(i)
				}
			}),
		},
		{
			ID: "select/directions", Doc: "stream.Select",
			Rule: "Each wanted registration has its own direction. Readiness in the other direction ends no wait.",
			Run: in(func(w *world) {
				s := w.selection(2)
				// Both are writable throughout.
				s.looks()
				s.wanted[1].Direction = sys.Writable
				w.check(s.wait(time.Time{}).get(), "select with one writable registration")
			}),
		},
		{
			ID: "select/deadline", Doc: "stream.Select",
			Rule: "Wait returns os.ErrDeadlineExceeded once the deadline has passed, and not before, even if nothing is wanted.",
			Run: in(func(w *world) {
				for _, n := range []int{2, 0} {
					s := w.selection(n)
					for _, after := range []time.Duration{-time.Hour, 0, soon} {
						deadline := time.Now().Add(after)
						s.passes(deadline)
						if time.Now().Before(deadline) {
							w.Errorf("deadline after %v: it expired early", after)
						}
					}
					begun := w.spy.selects.Load()
					p := s.wait(time.Now().Add(never))
					w.selecting(begun)
					s.sel.Wake()
					w.check(p.get(), "select with a distant deadline")
				}
			}),
		},
		{
			ID: "select/wake", Doc: "stream.Select",
			Rule:   "Wake, from any goroutine, makes the running Wait, or else the next one, return nil. Several wakes before that count as one.",
			Source: "a wake lost between the check and the sleep",
			Run: in(func(w *world) {
				for _, n := range []int{2, 0} {
					s := w.selection(n)
					for range 3 {
						// There are more wakes than looks: if each wake counted separately, each
						// look would find one.
						for range 2 * looks {
							s.sel.Wake()
						}
						w.check(s.wait(time.Time{}).get(), "select after Wake")
						s.looks()
						begun := w.spy.selects.Load()
						p := s.wait(time.Time{})
						w.selecting(begun)
						s.sel.Wake()
						w.check(p.get(), "select during which Wake is called")
					}
				}
			}),
		},
		{
			ID: "select/interrupted", Doc: "stream.Select",
			Rule: "Interrupt of a wanted registration makes the running Wait, or else the next one, return nil.",
			Run: in(func(w *world) {
				s := w.selection(2)
				for _, r := range s.wanted {
					r.Source.Interrupt(sys.Readable)
					w.check(s.wait(time.Time{}).get(), "select after Interrupt")
					begun := w.spy.selects.Load()
					p := s.wait(time.Time{})
					w.selecting(begun)
					r.Source.Interrupt(sys.Readable)
					w.check(p.get(), "select during which Interrupt is called")
				}
			}),
		},
		{
			ID: "select/registration-closed", Doc: "stream.Select",
			Rule: "Close of a wanted registration makes a running Wait return. Later waits return net.ErrClosed.",
			Run: in(func(w *world) {
				s := w.selection(2)
				begun := w.spy.selects.Load()
				p := s.wait(time.Time{})
				w.selecting(begun)
				w.check(s.wanted[1].Source.Close(), "close")
				if err := p.get(); err != nil && err != net.ErrClosed {
					w.Errorf("select during which a registration was closed: %v, want nil or net.ErrClosed", err)
				}
				for spurious := 0; ; spurious++ {
					err := s.wait(time.Time{}).get()
					if err == net.ErrClosed {
						break
					}
					if err != nil || spurious == spuriousMax {
						w.Fatalf("select of a closed registration: %v, want net.ErrClosed", err)
					}
				}
			}),
		},
		{
			ID: "select/apart", Doc: "stream.Select",
			Rule:   "A wait for one registration does not miss readiness that came after a Select stopped waiting for it.",
			Source: "an edge reported to a wait that had ended by its deadline",
			Run: in(func(w *world) {
				s := w.selection(2)
				for i, r := range s.wanted {
					s.passes(time.Now().Add(soon))
					_, err := s.peers[i].Write([]byte("a"))
					w.check(err, "peer's write")
					w.awaitByte(s.sockets[i], r.Source)
				}
				// One byte ends the wait for both.
				for i, r := range s.wanted {
					s.endsBy(1 - i)
					_, err := s.peers[i].Write([]byte("b"))
					w.check(err, "peer's write")
					w.awaitByte(s.sockets[i], r.Source)
				}
			}),
		},
		{
			ID: "select/closed", Doc: "stream.Select",
			Rule: "After Close, Wake and a second Close do nothing. The registrations continue.",
			Run: in(func(w *world) {
				s := w.selection(2)
				s.endsBy(1)
				w.check(s.sel.Close(), "close")
				s.sel.Wake()
				w.check(s.sel.Close(), "second close")
				_, err := s.peers[0].Write([]byte("a"))
				w.check(err, "peer's write")
				w.awaitByte(s.sockets[0], s.wanted[0].Source)
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{Selects}
	}
	return all
}

// selection is a Select and the registrations for it.
type selection struct {
	w       *world
	sel     stream.Select
	wanted  []stream.Readiness // for reading
	sockets []*stream.Socket
	peers   []*net.TCPConn
}

// selection returns a Select and n registered sockets that have received nothing.
func (w *world) selection(n int) *selection {
	w.Helper()
	selector, ok := w.waiter().(stream.Selector)
	if !ok {
		w.Fatalf("the Waiter is not a Selector")
	}
	s := &selection{w: w, sel: selector.NewSelect()}
	w.own(s)
	for range n {
		socket, r, peer := w.registered()
		w.wouldBlock(socket)
		s.wanted = append(s.wanted, stream.Readiness{Source: r, Direction: sys.Readable})
		s.sockets = append(s.sockets, socket)
		s.peers = append(s.peers, peer)
	}
	return s
}

func (s *selection) Close() error {
	s.sel.Wake()
	return s.sel.Close()
}

func (s *selection) wait(deadline time.Time) *pending[error] {
	return call(s.w, "select", func() error { return s.sel.Wait(s.wanted, deadline) })
}

// passes waits for the deadline. Only a few spurious returns may precede it.
func (s *selection) passes(deadline time.Time) {
	s.w.Helper()
	for spurious := 0; ; spurious++ {
		err := s.wait(deadline).get()
		if err == os.ErrDeadlineExceeded {
			return
		}
		if err != nil || spurious == spuriousMax {
			s.w.Fatalf("select without an event: %d returns, the last %v", spurious+1, err)
		}
	}
}

// looks polls repeatedly for events where none come.
func (s *selection) looks() {
	s.w.Helper()
	s.w.looks("select without an event", func(passed time.Time) error { return s.sel.Wait(s.wanted, passed) })
}

// endsBy lets a byte of peer i end a Select that has begun, and reads the byte.
func (s *selection) endsBy(i int) {
	s.w.Helper()
	begun := s.w.spy.selects.Load()
	p := call(s.w, "select", s.nextByte)
	s.w.selecting(begun)
	_, err := s.peers[i].Write([]byte("e"))
	s.w.check(err, "peer's write")
	if got := p.get(); got.n != i || got.err != nil {
		s.w.Fatalf("a byte came for %d during the select: %v", i, got)
	}
}

// nextByte selects until a byte can be read, and returns the index of its socket.
func (s *selection) nextByte() result {
	for {
		if err := s.sel.Wait(s.wanted, time.Time{}); err != nil {
			return result{err: err}
		}
		for i, socket := range s.sockets {
			if _, err := socket.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
				return result{n: i, err: err}
			}
		}
	}
}

// expectByte selects and wants a byte from peer i.
func (s *selection) expectByte(i int) {
	s.w.Helper()
	if got := call(s.w, "select", s.nextByte).get(); got.n != i || got.err != nil {
		s.w.Fatalf("a byte came for %d: %v", i, got)
	}
}

// selecting returns when a Select later than the first n has begun to wait.
func (w *world) selecting(n int64) {
	w.Helper()
	w.begun(func() bool { return w.spy.selects.Load() > n }, "a Select waits")
}
