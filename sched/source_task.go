package sched

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Source is a handle tied to a loop. It is the Source of package stream (stream.Source, which has
// the contract). One caller per direction may wait; a second gets ErrBusy. It is an alias of an
// unnamed interface, so that neither package imports the other.
type Source = interface {
	Wait(d sys.Direction, deadline time.Time) error
	Interrupt(d sys.Direction)
	ShortReadDrains() bool
	Close() error
}

// Tasks is the waiter that suspends tasks of a loop. It implements stream.Waiter.
type Tasks struct{ loop *Loop }

// Tasks returns the waiter for tasks of l. Only tasks of l may wait with the connections made with
// it. Closing such a connection and changing its deadlines is allowed from anywhere. Any other
// caller that waits gets ErrWrongWaiter. A goroutine, even one that a task has started, uses
// Goroutines instead.
func (l *Loop) Tasks() Tasks { return Tasks{l} }

// Register ties h to the loop. Any goroutine may call it. Source.Wait is for tasks of the loop.
func (w Tasks) Register(h sys.Handle) (Source, error) {
	s := &taskSource{loop: w.loop}
	if err := s.open(w.loop, h, s); err != nil {
		return nil, err
	}
	return s, nil
}

// taskSource suspends tasks until its handle is ready.
type taskSource struct {
	loop *Loop
	source
	waiting     [2]*Task       // by direction; owned by the loop
	arming      queue.Interest // of the task in suspension
	interrupted [2]atomic.Bool
	listed      bool // guarded by the inbox's lock
}

// Wait suspends the running task.
func (s *taskSource) Wait(d sys.Direction, deadline time.Time) error {
	l := s.loop
	t, err := l.caller("Source.Wait")
	if err != nil {
		return err
	}
	l.lock()
	err = t.canceled
	suspends := err != nil
	if !suspends {
		if suspends, err = s.claim(t, d); suspends {
			t.arming, s.arming = s, queue.InterestOf(d)
		}
	}
	if suspends {
		err = t.wait(deadline)
		if s.waiting[d] == t {
			s.waiting[d] = nil
		}
	}
	l.unlock()
	return err
}

// armFor makes the queue watch for what t, which has just been suspended, waits for. It runs on the
// stack of the worker. An idle coroutine's stack is as large as its deepest call, which would be
// this one.
func (s *taskSource) armFor(t *Task) {
	if err := s.arm(s.loop, s.arming); err != nil {
		t.wake(err)
	}
}

// enlist makes t the waiter in direction d and makes the queue watch for it. If t need not or must
// not wait, it returns the reason.
func (s *taskSource) enlist(t *Task, d sys.Direction) (suspends bool, err error) {
	if suspends, err := s.claim(t, d); !suspends {
		return false, err
	}
	if err := s.arm(s.loop, queue.InterestOf(d)); err != nil {
		s.waiting[d] = nil
		return false, err
	}
	return true, nil
}

// claim makes t the waiter in direction d. If t need not or must not wait, it returns the reason.
func (s *taskSource) claim(t *Task, d sys.Direction) (suspends bool, err error) {
	want := queue.InterestOf(d)
	switch {
	case s.closed():
		return false, net.ErrClosed
	case s.waiting[d] != nil:
		return false, ErrBusy
	case s.interrupted[d].CompareAndSwap(true, false):
		return false, nil
	case s.ready.Has(want):
		s.ready &^= want
		return false, nil
	}
	s.waiting[d] = t
	return true, nil
}

func (s *taskSource) deliver(l *Loop, e *queue.Event) {
	s.note(l, e, s)
	for d := sys.Readable; d <= sys.Writable; d++ {
		i := queue.InterestOf(d)
		if e.Ready.Directions()&i == 0 {
			continue
		}
		if t := s.waiting[d]; t != nil {
			s.waiting[d] = nil
			if t.wake(nil) {
				continue
			}
			// The task's deadline came first, and the task has not run since. Its next wait must
			// not miss the event.
		}
		s.ready |= i
	}
}

func (s *taskSource) settle(l *Loop) {
	var wanted queue.Interest
	for d := sys.Readable; d <= sys.Writable; d++ {
		if s.waiting[d] != nil {
			wanted |= queue.InterestOf(d)
		}
	}
	s.source.settle(l, wanted)
}

func (s *taskSource) Interrupt(d sys.Direction) {
	s.interrupted[d].Store(true)
	s.loop.inbox.notify(s.loop, s, &s.listed)
}

// MayBlock returns false: a caller that blocks on anything except Wait blocks the loop.
func (s *taskSource) MayBlock() bool { return false }

func (s *taskSource) ShortReadDrains() bool { return s.shortReadDrains(s.loop) }

// NoProgress counts a wait that ended in vain; see stream.Source.
func (s *taskSource) NoProgress(sys.Direction) { s.loop.metrics.countVain() }

func (s *taskSource) Close() error {
	first, err := s.close(s.loop)
	if first {
		s.loop.inbox.notify(s.loop, s, &s.listed)
	}
	return err
}

// attend reports to the waiting tasks what another thread did.
func (s *taskSource) attend(*Loop) {
	s.loop.inbox.unlist(&s.listed)
	for d, t := range s.waiting {
		switch {
		case t == nil:
		case s.closed():
			s.waiting[d] = nil
			t.wake(net.ErrClosed)
		case s.interrupted[d].Load():
			// The flag stays set if something else woke the task: its next wait then takes it.
			s.waiting[d] = nil
			if t.wake(nil) {
				s.interrupted[d].Store(false)
			}
		}
	}
}

// Tasks are notified of drain and cancellation directly.
func (s *taskSource) drain(*Loop)         {}
func (s *taskSource) cancel(*Loop, error) {}
func (s *taskSource) over(*Loop)          {}
