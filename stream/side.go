package stream

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// start is the origin of the deadlines that sides keep. It carries the monotonic clock, so a
// deadline survives a step of the wall clock.
var start = time.Now()

// side is one direction of a Conn or Listener: whose turn it is, and until when.
type side struct {
	turn sync.Mutex // held by who operates, also while suspended

	// deadlineNS is nanoseconds since start; zero is none.
	deadlineNS atomic.Int64

	// waiting is set before deadlineNS is read for a Wait, and read after deadlineNS is set:
	// whichever order these take, either the Wait has the new deadline or the setter interrupts it.
	waiting atomic.Bool

	short bool // the last read got less than there was room for; guarded by turn

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

// claim has the caller operate. One who must not be blocked is sent away instead of being made to
// wait.
func (s *side) claim(reg Source) error {
	if s.turn.TryLock() {
		return nil
	}
	if !mayBlock(reg) {
		return ErrBusy
	}
	s.turn.Lock()
	return nil
}

// give ends an operation.
func (s *side) give() { s.turn.Unlock() }

// expired reports whether the deadline has passed.
func (s *side) expired() bool {
	for {
		ns := s.deadlineNS.Load()
		if ns == 0 || int64(time.Since(start)) < ns {
			return false
		}
		// It may have been moved before the clock was read, while there was time left.
		if s.deadlineNS.Load() == ns {
			return true
		}
	}
}

// wait suspends the caller, who holds the turn, in direction d until it is worth trying again or
// the deadline has passed. The caller has tried, and it would block. If that is so after each wait,
// something else is wrong with sock, and the wait sees to it.
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
	// Without defer, which would take more of an idle coroutine's stack. A Wait that panics leaves
	// a mark that costs an Interrupt, no more.
	s.waiting.Store(false)
	s.woken = err == nil
	if err == os.ErrDeadlineExceeded && !s.expired() {
		return nil // it was moved while the wait timed out
	}
	return err
}

func (s *side) deadline() time.Time {
	if ns := s.deadlineNS.Load(); ns != 0 {
		return start.Add(time.Duration(ns))
	}
	return time.Time{}
}

// setDeadline moves the deadline and makes a running wait look at it.
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
