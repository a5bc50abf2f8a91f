package sched

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// source is a handle registered with the loop's queue: what is known of its readiness, and who is told.
type source struct {
	loop   *Loop
	sink   sink
	handle sys.Handle
	token  queue.Token
	armed  queue.Interest // what the queue watches, in modes Level and OneShot
	ready  queue.Interest // reported while nobody waited
	fired  bool           // in the loop's list of the same name
	ends   atomic.Bool    // a hang-up or an error was reported
	closed atomic.Bool
}

// sink is what is told of a source's events, on the loop.
type sink interface {
	deliver(e *queue.Event)
	settle() // see Loop.settle
	drain()  // the loop was asked to end
	cancel(cause error)
	over() // the loop has ended
}

// open registers s with the queue: for both directions for good with edges, for none until somebody waits in the other modes.
func (s *source) open(l *Loop, h sys.Handle, k sink) error {
	s.loop, s.handle, s.sink = l, h, k
	s.token = l.slots.put(s)
	interest := queue.None
	if l.options.Mode == queue.Edge {
		interest = queue.Both
	}
	err := l.queue.Add(h, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
	if err != nil {
		l.slots.drop(s.token)
	}
	return err
}

// close ends the registration and reports whether this call did. Any thread may call it. The handle's number may be used again
// once it has returned.
func (s *source) close() (bool, error) {
	l := s.loop
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.closed.Swap(true) {
		return false, nil
	}
	err := l.queue.Delete(s.handle)
	l.slots.dropLocked(s.token)
	if errors.Is(err, queue.ErrClosed) {
		err = nil
	}
	return true, err
}

// arm declares that readiness in the directions of want is lost, and has the queue watch for it.
func (s *source) arm(want queue.Interest) error {
	l := s.loop
	switch l.options.Mode {
	case queue.Edge:
		if l.native {
			return nil
		}
		// The lock keeps close out: its caller closes the handle next, and what is said of the number then would be said of a stranger.
		l.slots.mu.Lock()
		defer l.slots.mu.Unlock()
		if s.closed.Load() {
			return net.ErrClosed
		}
		return closedError(l.queue.WouldBlock(s.handle, want))
	case queue.Level, queue.OneShot:
		// The event that disarms it may be on its way, taken from the queue by another thread: armed anew, it would be reported twice.
		if s.armed.Has(want) {
			return nil
		}
	}
	return s.watch(s.armed | want)
}

// watch has the queue watch for the directions of interest, which it checks at once.
func (s *source) watch(interest queue.Interest) error {
	l := s.loop
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.closed.Load() {
		return net.ErrClosed
	}
	err := l.queue.Modify(s.handle, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
	if err != nil {
		return closedError(err)
	}
	s.armed = interest
	return nil
}

// note takes down what e says of the registration itself.
func (s *source) note(e *queue.Event) {
	s.armed &^= e.Disarmed
	if e.Ready.Ends() {
		s.ends.Store(true)
	}
	if l := s.loop; l.options.Mode == queue.Level && !s.fired {
		s.fired = true
		l.fired = append(l.fired, s)
	}
}

// shortReadDrains: a native edge comes with every arrival, so that after a short read the next one reports itself, and the other
// modes look at the handle anew when they are armed. But a hang-up that an edge has reported with the last bytes comes no second time.
func (s *source) shortReadDrains() bool {
	return s.loop.options.Mode != queue.Edge || !s.loop.native || !s.ends.Load()
}

// closedError gives a registration that is gone the error that the users of package net know.
func closedError(err error) error {
	if errors.Is(err, queue.ErrClosed) || errors.Is(err, queue.ErrNotFound) {
		return net.ErrClosed
	}
	return err
}

// settle has the queue watch, in mode Level, for no more than is wanted at the end of the turn in which the source fired, so that what
// is not taken does not nag. Turning the interest off with the event would cost two calls a message instead of none.
func (s *source) settle(wanted queue.Interest) {
	s.fired = false
	if s.armed != wanted {
		// An error shows again at the next wait for the source, which has somebody to tell.
		_ = s.watch(wanted)
	}
}
