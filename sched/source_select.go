package sched

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Readiness is one direction of a source to wait for (stream.Readiness).
type Readiness = struct {
	Source    Source
	Direction sys.Direction
}

// Select waits for the first of several things: readiness, a time, or a Wake. It is the Select of
// package stream (stream.Select, which has the contract). A direction in which another caller waits
// is ErrBusy. It allocates nothing.
type Select = interface {
	Wait(wanted []Readiness, deadline time.Time) error
	Wake()
	Close() error
}

// NewSelect returns a Select for sources of w. Any goroutine may call it. Wait is for tasks of the
// loop.
func (w Tasks) NewSelect() Select { return &taskSelect{loop: w.loop} }

// taskSelect suspends a task until one of several sources is ready.
type taskSelect struct {
	loop   *Loop
	task   *Task       // in Wait; guarded by the loop's lock
	woken  atomic.Bool // since the last Wait that returned for a Wake
	closed atomic.Bool
	listed bool // guarded by the inbox's lock
}

// Wait suspends the running task.
func (s *taskSelect) Wait(wanted []Readiness, deadline time.Time) error {
	l := s.loop
	t, err := l.caller("Select.Wait")
	if err != nil {
		return err
	}
	for _, r := range wanted {
		s.source(r) // may panic, which must not happen with the lock held
	}
	l.lock()
	err = s.wait(t, wanted, deadline)
	l.unlock()
	return err
}

func (s *taskSelect) wait(t *Task, wanted []Readiness, deadline time.Time) error {
	if t.canceled != nil {
		return t.wait(deadline)
	}
	if s.woken.CompareAndSwap(true, false) {
		return nil
	}
	for i, r := range wanted {
		if suspends, err := s.source(r).enlist(t, r.Direction); !suspends {
			s.withdraw(t, wanted[:i])
			return err
		}
	}
	s.task = t
	err := t.wait(deadline)
	s.task = nil
	s.withdraw(t, wanted)
	return err
}

func (s *taskSelect) source(r Readiness) *taskSource {
	source, ok := r.Source.(*taskSource)
	if !ok || source.loop != s.loop {
		panic(fmt.Sprintf("sched: Select.Wait: %T is not a source of this loop's Tasks", r.Source))
	}
	return source
}

func (s *taskSelect) withdraw(t *Task, wanted []Readiness) {
	for _, r := range wanted {
		if source := s.source(r); source.waiting[r.Direction] == t {
			source.waiting[r.Direction] = nil
		}
	}
}

// Wake may be called from any goroutine.
func (s *taskSelect) Wake() {
	if !s.closed.Load() && !s.woken.Swap(true) {
		s.loop.inbox.notify(s.loop, s, &s.listed)
	}
}

// attend delivers a Wake to the task. The mark stays if something else woke the task: its next Wait
// then takes the mark.
func (s *taskSelect) attend(*Loop) {
	s.loop.inbox.unlist(&s.listed)
	if s.task != nil && s.woken.Load() && s.task.wake(nil) {
		s.woken.Store(false)
	}
}

func (s *taskSelect) Close() error {
	s.closed.Store(true)
	return nil
}

// NewSelect returns a Select for sources of w. Its Wait suspends the calling goroutine. When the
// loop ends, a Wait for sources returns net.ErrClosed, and a Wait for no source continues.
func (w Goroutines) NewSelect() Select {
	return &goroutineSelect{loop: w.loop, wake: make(chan struct{}, 1)}
}

// goroutineSelect suspends a goroutine until one of several sources is ready.
type goroutineSelect struct {
	loop   *Loop
	wake   chan struct{} // room for one; rouse sends
	timer  *time.Timer   // of the goroutine in Wait; created by the first deadline
	closed atomic.Bool
}

func (s *goroutineSelect) Wait(wanted []Readiness, deadline time.Time) error {
	if err := s.loop.mayBlock("Select.Wait"); err != nil {
		return err
	}
	for i, r := range wanted {
		if ok, err := s.source(r).park(r.Direction, s); !ok {
			if s.withdraw(wanted[:i]) {
				return nil // the next Wait has the same error, if there is one
			}
			return err
		}
	}
	err := s.await(deadline)
	if s.withdraw(wanted) {
		return nil // an event that came with the deadline was reported to this Wait only
	}
	return err
}

func (s *goroutineSelect) source(r Readiness) *goroutineSource {
	source, ok := r.Source.(*goroutineSource)
	if !ok || source.loop != s.loop {
		panic(fmt.Sprintf("sched: Select.Wait: %T is not a source of this loop's Goroutines", r.Source))
	}
	return source
}

func (s *goroutineSelect) await(deadline time.Time) error {
	if deadline.IsZero() {
		<-s.wake
		return nil
	}
	if s.timer == nil {
		s.timer = time.NewTimer(time.Until(deadline))
	} else {
		s.timer.Reset(time.Until(deadline))
	}
	select {
	case <-s.wake:
		s.timer.Stop()
		return nil
	case <-s.timer.C:
		return os.ErrDeadlineExceeded
	}
}

// withdraw removes the goroutine from wanted and reports whether one of those sources had woken it.
func (s *goroutineSelect) withdraw(wanted []Readiness) (woken bool) {
	for _, r := range wanted {
		source := s.source(r)
		source.mu.Lock()
		p := &source.parked[r.Direction]
		woken = woken || !p.waits
		p.taken, p.waits, p.group = false, false, nil
		source.mu.Unlock()
	}
	return woken
}

// rouse makes the running Wait, or else the next one, return. It never blocks.
func (s *goroutineSelect) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Wake may be called from any goroutine.
func (s *goroutineSelect) Wake() {
	if !s.closed.Load() {
		s.rouse()
	}
}

func (s *goroutineSelect) Close() error {
	s.closed.Store(true)
	return nil
}
