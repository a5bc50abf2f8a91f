package sched

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// others are the registrations of a taskSource's handle besides its own: one with the poller, and
// one with each other loop of which a task has waited.
type others struct {
	home      *taskSource
	goroutine atomic.Pointer[goroutineSource] // set once, with mu held

	mu    sync.Mutex // guards tasks; held while a registration is added
	tasks []*taskSource
}

// waitElsewhere waits for a caller that cannot wait with the registration of s as it is.
func (s *taskSource) waitElsewhere(d sys.Direction, deadline time.Time) error {
	l := s.loop
	t := l.callingTask()
	switch {
	case t != nil && t.loop == l:
		l.lock()
		err := s.resume(l, s)
		l.unlock()
		if err != nil {
			return err
		}
		return s.Wait(d, deadline)
	case t != nil:
		other, err := s.obtainOthers().ofLoop(t.loop)
		if err != nil {
			return err
		}
		return other.Wait(d, deadline)
	case l.runningWorker() != nil || l.poller == nil:
		return l.notTask("Source.Wait")
	}
	g, err := s.obtainOthers().ofGoroutines()
	if err != nil {
		return err
	}
	return g.wait(d, deadline)
}

// obtainOthers returns the other registrations, of which there may be none yet.
func (s *taskSource) obtainOthers() *others {
	if o := s.others.Load(); o != nil {
		return o
	}
	s.others.CompareAndSwap(nil, &others{home: s})
	s.stopTransfer()
	return s.others.Load()
}

// ofLoop returns the registration with l, which it adds if there is none.
func (o *others) ofLoop(l *Loop) (*taskSource, error) {
	if l == o.home.loop {
		return o.home, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.tasks {
		if s.loop == l {
			return s, nil
		}
	}
	s := &taskSource{loop: l, visiting: true}
	if err := o.add(func() error { return s.open(l, o.home.handle, s) }); err != nil {
		return nil, err
	}
	// An Interrupt either finds the registration or has left its mark at home.
	for d := range s.interrupted {
		s.interrupted[d].Store(o.home.interrupted[d].Load())
	}
	o.tasks = append(o.tasks, s)
	return s, nil
}

// ofGoroutines returns the registration with the poller, which it adds if there is none.
func (o *others) ofGoroutines() (*goroutineSource, error) {
	if g := o.goroutine.Load(); g != nil {
		return g, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if g := o.goroutine.Load(); g != nil {
		return g, nil
	}
	var g *goroutineSource
	err := o.add(func() (err error) {
		g, err = o.home.loop.poller.register(o.home.handle, o.home)
		return err
	})
	if err != nil {
		return nil, err
	}
	for d := range g.parked {
		g.parked[d].interrupted = o.home.interrupted[d].Load()
	}
	o.goroutine.Store(g)
	return g, nil
}

// add calls register unless the handle is closed. Close marks home first and then waits for mu, so
// it either prevents the registration or ends it.
func (o *others) add(register func() error) error {
	if o.home.closed() {
		return net.ErrClosed
	}
	return closedError(register())
}

// watch reports whether the queue of another registration reports the events of the handle.
func (o *others) watch() bool {
	if g := o.goroutine.Load(); g != nil && !g.resting() {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.tasks {
		if !s.resting() {
			return true
		}
	}
	return false
}

func (o *others) interrupt(d sys.Direction) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.tasks {
		s.Interrupt(d)
	}
	if g := o.goroutine.Load(); g != nil {
		g.Interrupt(d)
	}
}

func (o *others) shortReadDrains() bool {
	if g := o.goroutine.Load(); g != nil && !g.ShortReadDrains() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.tasks {
		if !s.ShortReadDrains() {
			return false
		}
	}
	return true
}

func (o *others) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	for _, s := range o.tasks {
		err = errors.Join(err, s.Close())
	}
	if g := o.goroutine.Load(); g != nil {
		err = errors.Join(err, g.Close())
	}
	return err
}
