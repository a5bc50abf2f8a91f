package park

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

var _ stream.Selector = Waiter{}

// NewSelect returns a Select whose Wait suspends the calling goroutine in one poll(2) for all
// sources. From its first Wait until Close it keeps one descriptor (on Linux; two on other
// systems).
func (Waiter) NewSelect() stream.Select { return &selection{} }

// selection is a wait for several sides.
type selection struct {
	fds []sys.PollFD // owned by the goroutine in Wait: its wake handle, then the wanted sides

	mu     sync.Mutex // guards what follows; never held in poll(2); locked after the lock of a source
	closed bool
	side   side // has no handle of its own and serves only to be woken
}

func (s *selection) Wait(wanted []stream.Readiness, deadline time.Time) error {
	if ok, err := s.begin(); !ok {
		return err
	}
	for i, r := range wanted {
		ok, err := s.join(r)
		if !ok {
			s.leave(wanted[:i])
			return s.end(err)
		}
	}
	err := poll(s.fds, deadline, s.roused)
	s.leave(wanted)
	return s.end(err)
}

// begin reports whether there is something to wait for.
func (s *selection) begin() (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, net.ErrClosed
	}
	if ok, err := s.side.enter(); !ok {
		return false, err
	}
	wake, err := s.side.opened()
	if err != nil {
		return false, err
	}
	s.side.waiting = true
	s.fds = append(s.fds[:0], sys.PollFD{Fd: wake, Events: sys.PollIn})
	return true, nil
}

// join makes s the waiter of wanted, and reports whether there is something to wait for.
func (s *selection) join(wanted stream.Readiness) (ok bool, err error) {
	r := sourceOf(wanted)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false, net.ErrClosed
	}
	side := &r.sides[wanted.Direction]
	if ok, err := side.enter(); !ok {
		return false, err
	}
	side.waiting, side.group = true, s
	s.fds = append(s.fds, sys.PollFD{Fd: int32(r.handle), Events: pollEvents[wanted.Direction]})
	return true, nil
}

// leave undoes join. The event that ended the wait is not reported again.
func (s *selection) leave(wanted []stream.Readiness) {
	for _, w := range wanted {
		r := sourceOf(w)
		side := &r.sides[w.Direction]
		r.mu.Lock()
		side.waiting, side.group, side.interrupted = false, nil, false
		if r.closed {
			side.shut()
		}
		r.mu.Unlock()
	}
}

// end returns the result of a wait. Close takes precedence, then Wake, which interrupts and closed
// sources also call, then the result of poll(2).
func (s *selection) end(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.side.leave(s.fds[0].Revents != 0, err)
	if s.closed {
		s.side.shut()
		return net.ErrClosed
	}
	return err
}

func (s *selection) roused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.side.interrupted
}

func (s *selection) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.side.interrupted = true
		s.side.rouse()
	}
}

func (s *selection) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.side.waiting {
		s.side.rouse()
	} else {
		s.side.shut()
	}
	return nil
}

func sourceOf(r stream.Readiness) *source {
	of, ok := r.Source.(*source)
	if !ok {
		panic(fmt.Sprintf("park: Select.Wait: %T is not a source of this package", r.Source))
	}
	return of
}
