package sched

import (
	"fmt"
	"os"
	"sync"
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
// is ErrBusy. After its first Wait it allocates nothing.
type Select = interface {
	Wait(wanted []Readiness, deadline time.Time) error
	Wake()
	Close() error
}

// NewSelect returns a Select for sources of w. Any goroutine may call it. Its Wait suspends
// whichever caller waits, as [Loop.Waiter] says.
func (w Waiter) NewSelect() Select { return &callerSelect{loop: w.loop, follow: w.follow} }

// callerSelect is a Select for whichever caller waits.
type callerSelect struct {
	loop   *Loop
	follow bool        // sources may be of other loops
	own    []Readiness // of the caller in Wait, with the sources that inner knows

	mu     sync.Mutex // guards all below
	inner  translator // for the kind of the last caller
	of     *Loop      // of the task that inner suspends; nil for a goroutine
	waits  bool       // a caller is in inner
	woken  bool       // no Wait has returned for a Wake
	closed bool
}

func (s *callerSelect) Wait(wanted []Readiness, deadline time.Time) error {
	inner, err := s.begin()
	if inner == nil {
		return err
	}
	err = s.wait(inner, wanted, deadline)
	clear(s.own)
	s.own = s.own[:0]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = false
	if err == nil {
		s.woken = false
	}
	return err
}

// begin returns the Select for the caller. It returns none if the Wait must not or need not begin.
func (s *callerSelect) begin() (translator, error) {
	t := s.loop.callingTask()
	if t == nil && (s.loop.poller == nil || s.loop.runningWorker() != nil) {
		return nil, s.loop.notTask("Select.Wait")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.woken:
		s.woken = false
		return nil, nil
	case t == nil && (s.inner == nil || s.of != nil):
		s.inner, s.of = s.loop.poller.newSelect(), nil
	case t != nil && (s.inner == nil || s.of != t.loop):
		s.inner, s.of = &taskSelect{loop: t.loop}, t.loop
	}
	s.waits = true
	return s.inner, nil
}

func (s *callerSelect) wait(inner translator, wanted []Readiness, deadline time.Time) error {
	for _, r := range wanted {
		source, ok := r.Source.(*taskSource)
		if !ok || source.loop != s.loop && !s.follow {
			panic(fmt.Sprintf("sched: Select.Wait: %T is not a source of this Waiter", r.Source))
		}
		var err error
		if r.Source, err = inner.translate(source); err != nil {
			return err
		}
		s.own = append(s.own, r)
	}
	return inner.Wait(s.own, deadline)
}

// Wake may be called from any goroutine.
func (s *callerSelect) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.woken {
		return
	}
	s.woken = true
	if s.waits {
		s.inner.Wake()
	}
}

func (s *callerSelect) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// translator is a Select for one kind of caller.
type translator interface {
	Select
	// translate returns the registration of the handle with which the caller can wait.
	translate(s *taskSource) (Source, error)
}

func (s *taskSelect) translate(source *taskSource) (Source, error) {
	if source.loop == s.loop {
		if !source.resting() {
			return source, nil
		}
		s.loop.lock()
		defer s.loop.unlock()
		return source, source.resume(s.loop, source)
	}
	return source.obtainOthers().ofLoop(s.loop)
}

func (s *goroutineSelect) translate(source *taskSource) (Source, error) {
	return source.obtainOthers().ofGoroutines()
}

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
		panic(fmt.Sprintf("sched: Select.Wait: %T is not a source of this loop", r.Source))
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

// NewSelect returns a Select for sources of p. Its Wait suspends the calling goroutine. When Run
// ends, a Wait for sources returns net.ErrClosed, and a Wait for no source continues.
func (p *Poller) NewSelect() Select { return p.newSelect() }

func (p *Poller) newSelect() *goroutineSelect {
	return &goroutineSelect{loop: p.loop, wake: make(chan struct{}, 1)}
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
		panic(fmt.Sprintf("sched: Select.Wait: %T is not a source of this poller", r.Source))
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
