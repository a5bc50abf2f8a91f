package sched

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// goroutineSource suspends goroutines until its handle is ready.
type goroutineSource struct {
	loop *Loop       // of the poller
	home *taskSource // of the loop that the handle belongs to; may be nil
	source
	mu     sync.Mutex // guards parked, and armed and ready of source
	parked [2]parking
}

// parking is the place for a goroutine in one direction.
type parking struct {
	taken       bool // by a goroutine, from park until its Wait returns, so that no successor gets its wake
	waits       bool // it has not been woken
	interrupted bool
	group       *goroutineSelect // waits here among others; if set, it is notified instead of wake
	wake        chan error       // room for one; the caller that clears waits sends
	timer       *time.Timer      // of the goroutine in Wait; created by the first deadline
}

func (s *goroutineSource) Wait(d sys.Direction, deadline time.Time) error {
	if err := s.loop.mayBlock("Source.Wait"); err != nil {
		return err
	}
	return s.wait(d, deadline)
}

// wait suspends the calling goroutine, which is no task.
func (s *goroutineSource) wait(d sys.Direction, deadline time.Time) error {
	p := &s.parked[d]
	if ok, err := s.park(d, nil); !ok {
		return err
	}
	var err error
	if deadline.IsZero() {
		err = <-p.wake
	} else {
		err = s.waitUntil(p, deadline)
	}
	s.mu.Lock()
	p.taken = false
	s.mu.Unlock()
	return err
}

func (s *goroutineSource) waitUntil(p *parking, deadline time.Time) error {
	if p.timer == nil {
		p.timer = time.NewTimer(time.Until(deadline))
	} else {
		p.timer.Reset(time.Until(deadline))
	}
	select {
	case err := <-p.wake:
		p.timer.Stop()
		return err
	case <-p.timer.C:
	}
	s.mu.Lock()
	late := p.waits
	p.waits = false
	s.mu.Unlock()
	if late {
		return os.ErrDeadlineExceeded
	}
	return <-p.wake
}

// park takes the place in direction d unless there is no need to wait. group is the Select that
// waits, if any.
func (s *goroutineSource) park(d sys.Direction, group *goroutineSelect) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, want := &s.parked[d], queue.InterestOf(d)
	switch {
	case s.closed():
		return false, net.ErrClosed
	case s.resting():
		if err := s.resume(s.loop, s); err != nil {
			return false, err
		}
	}
	switch {
	case p.taken:
		return false, ErrBusy
	case p.interrupted:
		p.interrupted = false
		return false, nil
	case s.ready.Has(want):
		s.ready &^= want
		return false, nil
	}
	if err := s.arm(s.loop, want); err != nil {
		return false, err
	}
	p.taken, p.waits, p.group = true, true, group
	return true, nil
}

func (s *goroutineSource) unpark(d sys.Direction, err error) bool {
	p := &s.parked[d]
	if !p.waits {
		return false
	}
	p.waits = false
	if p.group != nil {
		p.group.rouse()
		return true
	}
	p.wake <- err
	return true
}

func (s *goroutineSource) deliver(l *Loop, e *queue.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(l, e, s)
	s.unused++
	for d := sys.Readable; d <= sys.Writable; d++ {
		i := queue.InterestOf(d)
		switch {
		case e.Ready.Directions()&i == 0:
		case s.unpark(d, nil):
			s.unused = 0
		default:
			s.ready |= i
		}
	}
	if s.unused >= unusedMax {
		s.unused = 0
		if !s.parked[sys.Readable].waits && !s.parked[sys.Writable].waits && s.home != nil && !s.home.resting() {
			s.rest(l)
		}
	}
}

func (s *goroutineSource) settle(l *Loop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wanted queue.Interest
	for d := sys.Readable; d <= sys.Writable; d++ {
		if s.parked[d].waits {
			wanted |= queue.InterestOf(d)
		}
	}
	s.source.settle(l, wanted)
}

func (s *goroutineSource) Interrupt(d sys.Direction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unpark(d, nil) {
		s.parked[d].interrupted = true
	}
}

func (s *goroutineSource) ShortReadDrains() bool { return s.shortReadDrains(s.loop) }

// NoProgress counts a wait that ended in vain; see stream.Source.
func (s *goroutineSource) NoProgress(sys.Direction) { s.loop.metrics.countVain() }

func (s *goroutineSource) Close() error {
	first, err := s.close(s.loop)
	if first {
		s.release()
	}
	return err
}

func (s *goroutineSource) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unpark(sys.Readable, net.ErrClosed)
	s.unpark(sys.Writable, net.ErrClosed)
}

// Goroutines belong to other code. They are notified of the loop's end, but not of the request to
// end.
func (s *goroutineSource) drain(*Loop)         {}
func (s *goroutineSource) cancel(*Loop, error) {}

func (s *goroutineSource) over(*Loop) {
	s.markClosed()
	s.release()
}
