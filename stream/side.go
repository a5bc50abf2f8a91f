package stream

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream/internal/turn"
	"github.com/edgewise-go/edgewise/sys"
)

// start is the origin of the deadlines of all sides. It carries the monotonic clock, so a deadline
// survives a step of the wall clock.
var start = time.Now()

// side is one direction of a Conn or Listener: its turn and its deadline.
type side struct {
	turn turn.Turn // held by the operating caller, even while suspended

	// deadlineNS is in nanoseconds since start. Zero means no deadline.
	deadlineNS atomic.Int64

	// waiting is set before deadlineNS is read for a Wait, and read after deadlineNS is set. In
	// either order, the Wait has the new deadline or the setter interrupts it.
	waiting atomic.Bool

	short bool // the last read did not fill its buffer; guarded by turn

	progress
}

// take begins an operation that tries, and waits if it must.
func (s *side) take(reg Source) error {
	if err := yieldIfSpent(reg); err != nil {
		return err
	}
	if err := s.claim(reg); err != nil {
		return err
	}
	s.progressed()
	return nil
}

// claim gives the caller the turn, for which it may have to wait.
func (s *side) claim(reg Source) error {
	if s.turn.Try() {
		return nil
	}
	return s.await(reg)
}

// await waits for the turn. A caller that can neither be suspended nor block gets ErrBusy.
func (s *side) await(reg Source) error {
	if suspender, ok := reg.(Suspender); ok {
		return s.turn.Join(suspender.Suspend)
	}
	if !mayBlock(reg) {
		return ErrBusy
	}
	s.turn.Lock()
	return nil
}

// give ends an operation.
func (s *side) give() { s.turn.Give() }

// expired reports whether the deadline has passed.
func (s *side) expired() bool {
	for {
		ns := s.deadlineNS.Load()
		if ns == 0 || int64(time.Since(start)) < ns {
			return false
		}
		// The deadline may have moved before the clock was read, while time was left.
		if s.deadlineNS.Load() == ns {
			return true
		}
	}
}

// wait suspends the caller, which holds the turn, until direction d is worth trying again or the
// deadline has passed. The caller has tried and got would-block. If that repeats after each wait,
// something else is wrong with sock, and wait handles it.
func (s *side) wait(sock *Socket, reg Source, d sys.Direction) error {
	if s.woken {
		noProgress(reg, d)
		if again, err := s.inVain(sock, reg, d); again || err != nil {
			return err
		}
	}
	s.waiting.Store(true)
	if s.expired() {
		s.waiting.Store(false)
		return os.ErrDeadlineExceeded
	}
	err := reg.Wait(d, s.deadline())
	// Do not use defer, which would need more of an idle coroutine's stack. If Wait panics, waiting
	// stays set, which only costs an Interrupt.
	s.waiting.Store(false)
	s.woken = err == nil
	if err == os.ErrDeadlineExceeded && !s.expired() {
		return nil // the deadline moved while the wait timed out
	}
	return err
}

func (s *side) deadline() time.Time {
	if ns := s.deadlineNS.Load(); ns != 0 {
		return start.Add(time.Duration(ns))
	}
	return time.Time{}
}

// setDeadline moves the deadline and interrupts a running wait so that it sees the new one.
func (s *side) setDeadline(t time.Time, reg Source, d sys.Direction) {
	ns := int64(0)
	if !t.IsZero() {
		if ns = int64(t.Sub(start)); ns == 0 {
			ns = 1
		}
	}
	s.deadlineNS.Store(ns)
	if s.waiting.Load() {
		reg.Interrupt(d)
	}
}
