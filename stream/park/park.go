// Package park suspends a goroutine until a handle is ready, with poll(2) alone: no loop, no other
// goroutine, no table. It works on every system that has sockets. It is a tool for tests and for
// programs with a few connections.
//
// A wait occupies one thread of the operating system while it lasts and costs one system call. Each
// direction of a connection that has been waited for keeps one extra descriptor until Close (on
// Linux; two on other systems). Interrupt and Close reach the wait through it. A program
// with many connections uses a Poller of package sched, which takes no thread per wait.
package park

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// blindMax is how long a wait without a wake handle stays in poll(2) before it checks for an
// interrupt. A wait lacks a wake handle if no descriptor was left. A listener pauses in that way
// when the process is out of descriptors.
const blindMax = 20 * time.Millisecond

// Waiter is a stream.Waiter whose Wait suspends the calling goroutine in poll(2). It has no state.
// The zero value is ready for use by any number of goroutines.
type Waiter struct{}

var _ stream.Waiter = Waiter{}

// Register ties h to the waiter. It cannot fail. If h is not open, the first Wait returns nil, and
// the caller's own operation then returns the error.
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
	waker       *waker.Waker // opened by the first wait; closed with the source, by its last user
	waiting     bool         // a goroutine is in poll(2) or about to
	signalled   bool         // wake was signalled and not cleared
	interrupted bool         // the running or next wait must return nil

	group *selection // if not nil, the selection that waits here; it is woken instead
}

var pollEvents = [2]int16{sys.Readable: sys.PollIn | sys.PollRDHup, sys.Writable: sys.PollOut}

func (r *source) Wait(d sys.Direction, deadline time.Time) error {
	s := &r.sides[d]
	fds, ok, err := r.begin(s, d)
	if !ok {
		return err
	}
	err = poll(fds[:], deadline, func() bool { return r.roused(s) })
	return r.end(s, fds[0].Revents != 0, err)
}

// poll waits for one of fds, the first of which is the wake handle, or for deadline. Without a wake
// handle it calls roused now and then.
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

// roused reports whether a wait without a wake handle must return.
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

// end returns the result of a wait. Close takes precedence, then Interrupt, then the result of
// poll(2).
func (r *source) end(s *side, woken bool, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err = s.leave(woken, err)
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

// ShortReadDrains returns true: poll(2) reports what is there regardless of earlier reports, so
// each Wait checks the handle.
func (r *source) ShortReadDrains() bool { return true }

// Close makes running waits return and does not wait for them. They may still poll the handle's
// number, but they ignore the result.
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

// enter reports whether a wait has something to wait for. The callers of this and all later methods
// hold the lock.
func (s *side) enter() (bool, error) {
	if s.waiting {
		return false, stream.ErrBusy
	}
	interrupted := s.interrupted
	s.interrupted = false
	return !interrupted, nil
}

// opened returns the descriptor to poll for a wake, or -1 if the system has none left.
func (s *side) opened() (int32, error) {
	if s.waker == nil {
		w, err := waker.Open("")
		switch sys.ClassOf(err) {
		case sys.ClassNone:
			s.waker = w
		case sys.ClassOutOfDescriptors, sys.ClassOutOfMemory:
			return -1, nil
		default:
			return -1, os.NewSyscallError("open wake handle", err)
		}
	}
	return int32(s.waker.Handle()), nil
}

// leave ends a wait for which poll(2) returned err. woken is true if the wake handle was readable:
// on Windows, the signal of an earlier wait may arrive only now.
func (s *side) leave(woken bool, err error) error {
	s.waiting = false
	if s.signalled || woken {
		s.signalled = false
		if e := s.waker.Clear(); e != nil && err == nil {
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
	if !s.waiting || s.signalled || s.waker == nil {
		return
	}
	s.signalled = true
	if err := s.waker.Signal(); err != nil {
		// The counter, pipe or socket is this side's own, open and empty, so the signal cannot
		// fail.
		panic("park: signal wake handle: " + err.Error())
	}
}

// shut closes the wake handle. No goroutine may be waiting.
func (s *side) shut() {
	if s.waker != nil {
		_ = s.waker.Close() // its handles are this side's own
		s.waker = nil
	}
}
