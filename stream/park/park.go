// Package park suspends a goroutine until a handle is ready, with nothing but poll(2): no loop, no
// other goroutine, no table. It is the floor that works wherever sockets do, and what programs of
// few connections and tests need.
//
// A wait occupies one thread of the operating system while it lasts, and costs one system call.
// Each direction of a connection that was ever waited for keeps one descriptor more (on Linux; two
// elsewhere), by which Interrupt and Close reach the wait, until Close. For many connections use a
// loop of package sched.
package park

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// blindMax is how long a wait stays in poll(2) when there was no descriptor for its wake handle,
// before it looks whether it was interrupted. A listener pauses like that when the process is out
// of descriptors.
const blindMax = 20 * time.Millisecond

// Waiter is a stream.Waiter whose Wait suspends the calling goroutine in poll(2). It has no state;
// the zero value is ready for use, by any number of goroutines.
type Waiter struct{}

var _ stream.Waiter = Waiter{}

// Register ties h to the waiter. It cannot fail: a handle that is not open is found out by the
// first Wait, which then returns nil, so that the caller's own call says what is wrong.
func (Waiter) Register(h sys.Handle) (stream.Source, error) {
	return &source{handle: h}, nil
}

type source struct {
	handle sys.Handle
	mu     sync.Mutex // guards what follows; never held in poll(2)
	closed bool
	sides  [2]side // by direction
}

// side is one direction of a source.
type side struct {
	wake        wake // opened by the first wait; closed with the source, by the last one to use it
	open        bool // wake is
	waiting     bool // a goroutine is in poll(2) or about to
	signalled   bool // wake was signalled and not cleared
	interrupted bool // the wait, running or next, is to return nil

	group *selection // who waits here among others; then that is woken instead
}

var pollEvents = [2]int16{sys.Readable: sys.PollIn | sys.PollRDHup, sys.Writable: sys.PollOut}

func (r *source) Wait(d sys.Direction, deadline time.Time) error {
	s := &r.sides[d]
	fds, ok, err := r.begin(s, d)
	if !ok {
		return err
	}
	return r.end(s, poll(fds[:], deadline, func() bool { return r.roused(s) }))
}

// poll waits for one of fds, of which the first is the wake handle, or for deadline. Where there
// was no wake handle it asks roused now and then.
func poll(fds []sys.PollFD, deadline time.Time, roused func() bool) error {
	for {
		timeout := time.Duration(-1)
		if !deadline.IsZero() {
			timeout = max(time.Until(deadline), 0)
		}
		blind := fds[0].Fd < 0 && (timeout < 0 || timeout > blindMax)
		if blind {
			timeout = blindMax
		}
		n, err := sys.Poll(fds, timeout)
		switch {
		case sys.ClassOf(err) == sys.ClassInterrupted, n == 0 && err == nil && blind && !roused():
			continue
		case n == 0 && err == nil:
			return os.ErrDeadlineExceeded
		}
		return err
	}
}

// roused reports whether a wait that has no wake handle is to return.
func (r *source) roused(s *side) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed || s.interrupted
}

// begin reports whether there is something to wait for, and what to poll.
func (r *source) begin(s *side, d sys.Direction) (fds [2]sys.PollFD, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fds, false, net.ErrClosed
	}
	if ok, err := s.enter(); !ok {
		return fds, false, err
	}
	wake, err := s.opened()
	if err != nil {
		return fds, false, err
	}
	s.waiting = true
	fds[0] = sys.PollFD{Fd: wake, Events: sys.PollIn}
	fds[1] = sys.PollFD{Fd: int32(r.handle), Events: pollEvents[d]}
	return fds, true, nil
}

// end sorts what ended a wait: Close first, then Interrupt, then what poll(2) said.
func (r *source) end(s *side, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err = s.leave(err)
	if r.closed {
		s.shut()
		return net.ErrClosed
	}
	return err
}

func (r *source) Interrupt(d sys.Direction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	s := &r.sides[d]
	s.interrupted = true
	s.rouse()
}

// ShortReadDrains is true: poll(2) reports what is there, whatever it has reported before, and so
// each Wait checks the handle.
func (r *source) ShortReadDrains() bool { return true }

// Close makes running waits return and does not wait for them. They may still look at the handle's
// number, but do nothing with what they see.
func (r *source) Close() error {
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

// enter reports whether a wait has something to wait for. The caller of this and all below holds
// the lock.
func (s *side) enter() (bool, error) {
	if s.waiting {
		return false, stream.ErrBusy
	}
	interrupted := s.interrupted
	s.interrupted = false
	return !interrupted, nil
}

// opened returns the descriptor to poll for a wake, -1 when there was none to open it with.
func (s *side) opened() (int32, error) {
	if !s.open {
		w, err := openWake()
		switch sys.ClassOf(err) {
		case sys.ClassNone:
			s.wake, s.open = w, true
		case sys.ClassOutOfDescriptors, sys.ClassOutOfMemory:
			return -1, nil
		default:
			return -1, os.NewSyscallError("open wake handle", err)
		}
	}
	return int32(s.wake.handle()), nil
}

// leave ends a wait to which poll(2) said err.
func (s *side) leave(err error) error {
	s.waiting = false
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

// rouse makes a running wait return.
func (s *side) rouse() {
	if s.group != nil {
		s.group.Wake()
		return
	}
	if !s.waiting || s.signalled || !s.open {
		return
	}
	s.signalled = true
	if err := s.wake.signal(); err != nil {
		// The counter or pipe is this side's own, open and empty: nothing can be wrong with it.
		panic("park: wake: " + err.Error())
	}
}

// shut closes the wake handle. Nobody waits.
func (s *side) shut() {
	if s.open {
		s.open = false
		s.wake.close()
	}
}
