// Package park suspends a goroutine until a handle is ready, with nothing but poll(2): no loop, no other goroutine, no table. It is
// the floor that works wherever sockets do, and what programs of few connections and tests need.
//
// A wait occupies one thread of the operating system while it lasts, and costs one system call. Each direction of a connection that was ever waited
// for keeps one descriptor more (on Linux; two elsewhere), by which Interrupt and Close reach the wait, until Close. For
// many connections use a loop of package sched.
package park

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// blindMax is how long a wait stays in poll(2) when there was no descriptor for its wake handle, before it looks whether it was interrupted. A
// listener pauses like that when the process is out of descriptors.
const blindMax = 20 * time.Millisecond

// Waiter is a stream.Waiter whose Wait suspends the calling goroutine in poll(2). It has no state; the zero value is ready for use, by any
// number of goroutines.
type Waiter struct{}

var _ stream.Waiter = Waiter{}

// Register ties h to the waiter. It cannot fail: a handle that is not open is found out by the first Wait, which then returns nil, so that
// the caller's own call says what is wrong.
func (Waiter) Register(h sys.Handle) (stream.Registration, error) {
	return &registration{handle: h}, nil
}

type registration struct {
	handle sys.Handle
	mu     sync.Mutex // guards what follows; never held in poll(2)
	closed bool
	sides  [2]side // by direction
}

// side is one direction of a registration.
type side struct {
	wake        wake // opened by the first wait; closed with the registration, by the last one to use it
	open        bool // wake is
	waiting     bool // a goroutine is in poll(2) or about to
	signalled   bool // wake was signalled and not cleared
	interrupted bool // the wait, running or next, is to return nil
}

var pollEvents = [2]int16{sys.Reading: sys.PollIn | sys.PollRDHup, sys.Writing: sys.PollOut}

func (r *registration) Wait(d sys.Direction, deadline time.Time) error {
	s := &r.sides[d]
	fds, ok, err := r.begin(s, d)
	if !ok {
		return err
	}
	for {
		timeout := time.Duration(-1)
		if !deadline.IsZero() {
			timeout = max(time.Until(deadline), 0)
		}
		blind := fds[1].Fd < 0 && (timeout < 0 || timeout > blindMax)
		if blind {
			timeout = blindMax
		}
		n, err := sys.Poll(fds[:], timeout)
		switch {
		case sys.ClassOf(err) == sys.ClassInterrupted, n == 0 && err == nil && blind && !r.roused(s):
			continue
		case n == 0 && err == nil:
			err = os.ErrDeadlineExceeded
		}
		return r.end(s, err)
	}
}

// roused reports whether a wait that has no wake handle is to return.
func (r *registration) roused(s *side) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed || s.interrupted
}

// begin reports whether there is something to wait for, and what to poll.
func (r *registration) begin(s *side, d sys.Direction) (fds [2]sys.PollFD, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return fds, false, net.ErrClosed
	case s.waiting:
		return fds, false, stream.ErrBusy
	case s.interrupted:
		s.interrupted = false
		return fds, false, nil
	}
	if !s.open {
		s.wake, err = openWake()
		s.open = err == nil
		switch sys.ClassOf(err) {
		case sys.ClassNone, sys.ClassOutOfDescriptors, sys.ClassOutOfMemory:
		default:
			return fds, false, os.NewSyscallError("open wake handle", err)
		}
	}
	s.waiting = true
	fds[0].Fd, fds[0].Events = int32(r.handle), pollEvents[d]
	fds[1].Fd, fds[1].Events = -1, sys.PollIn
	if s.open {
		fds[1].Fd = int32(s.wake.handle())
	}
	return fds, true, nil
}

// end sorts what ended a wait: Close first, then Interrupt, then what poll(2) said.
func (r *registration) end(s *side, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.waiting = false
	if r.closed {
		s.shut()
		return net.ErrClosed
	}
	if s.signalled {
		s.signalled = false
		if e := s.wake.clear(); e != nil && e != sys.ErrWouldBlock && err == nil {
			err = e
		}
	}
	if s.interrupted {
		s.interrupted = false
		return nil
	}
	return err
}

func (r *registration) Interrupt(d sys.Direction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	s := &r.sides[d]
	s.interrupted = true
	s.rouse()
}

// ShortReadDrains is true: poll(2) reports what is there, whatever it has reported before.
func (r *registration) ShortReadDrains() bool { return true }

// Close makes running waits return and does not wait for them. They may still look at the handle's number, but do nothing with what they see.
func (r *registration) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	for d := range r.sides {
		s := &r.sides[d]
		if s.waiting {
			s.rouse()
		} else {
			s.shut()
		}
	}
	return nil
}

// rouse makes a running wait return. The caller holds the lock.
func (s *side) rouse() {
	if !s.waiting || s.signalled || !s.open {
		return
	}
	s.signalled = true
	if err := s.wake.signal(); err != nil {
		// The counter or pipe is this side's own, open and empty: nothing can be wrong with it.
		panic("park: wake: " + err.Error())
	}
}

// shut closes the wake handle. The caller holds the lock, and nobody waits.
func (s *side) shut() {
	if s.open {
		s.open = false
		s.wake.close()
	}
}
