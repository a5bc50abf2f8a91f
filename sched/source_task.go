package sched

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// taskSource suspends tasks of a loop until its handle is ready. It leaves other callers to others.
type taskSource struct {
	loop *Loop
	source
	others      atomic.Pointer[others]
	transfer    atomic.Pointer[taskTransfer] // set once, if operations move the bytes
	waiting     [2]*Task                     // by direction; owned by the loop
	arming      queue.Interest               // of the task in suspension
	interrupted [2]atomic.Bool
	listed      bool // guarded by the inbox's lock
	visiting    bool // the handle belongs to a taskSource of another loop
}

// Wait suspends the running task.
func (s *taskSource) Wait(d sys.Direction, deadline time.Time) error {
	l := s.loop
	t := s.waitingTask()
	if t == nil {
		return s.waitElsewhere(d, deadline)
	}
	l.lock()
	err := t.canceled
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

// waitingTask returns the calling task if it can wait here. It is not inlined: its frame must not
// be part of a task's wait, which is the deepest frame of an idle coroutine.
//
//go:noinline
func (s *taskSource) waitingTask() *Task {
	if t := s.loop.runningTask(); t != nil && t.loop == s.loop && !s.resting() {
		return t
	}
	return nil
}

func (s *taskSource) deliver(l *Loop, e *queue.Event) {
	s.note(l, e, s)
	s.unused++
	for d := sys.Readable; d <= sys.Writable; d++ {
		i := queue.InterestOf(d)
		if e.Ready.Directions()&i == 0 {
			continue
		}
		if t := s.waiting[d]; t != nil {
			s.waiting[d] = nil
			if t.wake(nil) {
				s.unused = 0
				continue
			}
			// The task's deadline came first, and the task has not run since. Its next wait must
			// not miss the event.
		}
		s.ready |= i
		if s.transfers() {
			s.interruptOthers(d)
		}
	}
	if s.transfers() {
		if t := s.transfer.Load(); t != nil && t.Stopping() {
			t.Stop()
		}
	}
	if s.unused >= unusedMax {
		s.unused = 0
		if s.waiting == [2]*Task{} && s.watchedElsewhere() {
			s.rest(l)
		}
	}
}

// interruptOthers makes a caller that waits elsewhere try again: bytes that operations have taken
// are not readable there.
func (s *taskSource) interruptOthers(d sys.Direction) {
	if o := s.others.Load(); o != nil {
		o.interrupt(d)
	}
}

// watchedElsewhere reports whether callers wait for the handle with another registration.
func (s *taskSource) watchedElsewhere() bool {
	o := s.others.Load()
	return s.visiting || o != nil && o.watch()
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
	if !s.resting() {
		s.loop.inbox.notify(s.loop, s, &s.listed)
	}
	if o := s.others.Load(); o != nil {
		o.interrupt(d)
	}
}

// MayBlock returns false in a task, which would block its loop.
func (s *taskSource) MayBlock() bool { return s.loop.callingTask() == nil }

// ShortReadDrains asks all registrations, since the caller's next Wait may use any of them.
func (s *taskSource) ShortReadDrains() bool {
	o := s.others.Load()
	return s.shortReadDrains(s.loop) && (o == nil || o.shortReadDrains())
}

// NoProgress counts a wait that ended in vain; see stream.Source.
func (s *taskSource) NoProgress(sys.Direction) { s.loop.metrics.countVain() }

func (s *taskSource) Close() error {
	first, err := s.close(s.loop)
	if first && !s.resting() {
		s.loop.inbox.notify(s.loop, s, &s.listed)
	}
	// The mark of close comes first: a registration that is added meanwhile sees it.
	if o := s.others.Load(); o != nil {
		err = errors.Join(err, o.close())
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
