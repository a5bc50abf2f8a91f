package sched

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// source is a handle registered with a loop's queue, and what is known of its readiness. It has no
// pointers, so that the garbage collector does not look into those of idle handlers.
type source struct {
	token  queue.Token
	handle sys.Handle
	flags  atomic.Uint32
	armed  queue.Interest // what the queue watches, in modes Level and OneShot
	ready  queue.Interest // reported while nobody waited
	fired  bool           // in the loop's list of the same name
}

// The flags of a source.
const (
	flagEnds   = 1 << iota // a hang-up or an error was reported
	flagClosed             // the registration has ended
	flagUrgent             // urgent data was reported
)

func (s *source) closed() bool { return s.flags.Load()&flagClosed != 0 }

// markClosed reports whether s was not closed before.
func (s *source) markClosed() bool { return s.flags.Or(flagClosed)&flagClosed == 0 }

// sink is what is told of a source's events, on its loop.
type sink interface {
	deliver(l *Loop, e *queue.Event)
	settle(l *Loop) // see source.settle
	drain(l *Loop)  // the loop was asked to end
	cancel(l *Loop, cause error)
	over(l *Loop) // the loop has ended
}

// register has the queue of l watch s, whose handle and token are set: for both directions for good
// with edges, for none until somebody waits in the other modes.
func (s *source) register(l *Loop) error {
	interest := queue.None
	if l.options.Mode == queue.Edge {
		interest = queue.Both
	}
	return l.queue.Add(s.handle, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
}

// open registers s, of which k is told.
func (s *source) open(l *Loop, h sys.Handle, k sink) error {
	s.handle, s.token = h, l.slots.put(k)
	err := s.register(l)
	if err != nil {
		l.slots.drop(s.token)
	}
	return err
}

// close ends the registration and reports whether this call did. Any thread may call it. The
// handle's number may be used again once it has returned.
func (s *source) close(l *Loop) (bool, error) {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if !s.markClosed() {
		return false, nil
	}
	err := s.deregister(l)
	l.slots.dropLocked(s.token)
	return true, err
}

func (s *source) deregister(l *Loop) error {
	err := l.queue.Delete(s.handle)
	if errors.Is(err, queue.ErrClosed) {
		err = nil
	}
	return err
}

// arm declares that readiness in the directions of want is lost, and has the queue watch for it.
func (s *source) arm(l *Loop, want queue.Interest) error {
	switch l.options.Mode {
	case queue.Edge:
		if l.native {
			return nil
		}
		// The lock keeps close out: its caller closes the handle next, and what is said of the
		// number then would be said of a stranger.
		l.slots.mu.Lock()
		defer l.slots.mu.Unlock()
		if s.closed() {
			return net.ErrClosed
		}
		return closedError(l.queue.WouldBlock(s.handle, want))
	case queue.Level, queue.OneShot:
		// The event that disarms it may be on its way, taken from the queue by another thread:
		// armed anew, it would be reported twice.
		if s.armed.Has(want) {
			return nil
		}
	}
	return s.watch(l, s.armed|want)
}

// watch has the queue watch for the directions of interest, which it checks at once.
func (s *source) watch(l *Loop, interest queue.Interest) error {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.closed() {
		return net.ErrClosed
	}
	err := l.queue.Modify(s.handle, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
	if err != nil {
		return closedError(err)
	}
	s.armed = interest
	return nil
}

// note takes down what e says of the registration itself; k is told of s.
func (s *source) note(l *Loop, e *queue.Event, k sink) {
	s.armed &^= e.Disarmed
	if e.Ready.Ends() {
		s.flags.Or(flagEnds)
	}
	if e.Ready&queue.ReadyUrgent != 0 {
		s.flags.Or(flagUrgent)
	}
	if l.options.Mode == queue.Level && !s.fired {
		s.fired = true
		l.fired = append(l.fired, k)
	}
}

// shortReadDrains reports whether a Wait may follow a short read of TCP. Where waiting arms the
// registration, the queue checks the handle again, so nothing is missed. A native edge does not: it
// comes with an arrival, and once.
//
// A native edge may have come with two things that a short read leaves: the end of the stream, and
// bytes after an urgent mark. Both are noted when they are reported. The event of what has not been
// reported is still to come. The kernel sets the urgent mark before it makes the event of the bytes
// that follow it, so such an event reports the mark. Where the queue cannot report urgent data,
// nothing is proved.
func (s *source) shortReadDrains(l *Loop) bool {
	return l.options.Mode != queue.Edge || !l.native || l.urgent && s.flags.Load()&(flagEnds|flagUrgent) == 0
}

// closedError gives a registration that is gone the error that the users of package net know.
func closedError(err error) error {
	if errors.Is(err, queue.ErrClosed) || errors.Is(err, queue.ErrNotFound) {
		return net.ErrClosed
	}
	return err
}

// settle has the queue watch, in mode Level, for no more than is wanted at the end of the turn in
// which the source fired, so that what is not taken does not nag. Turning the interest off with the
// event would cost two calls a message instead of none.
func (s *source) settle(l *Loop, wanted queue.Interest) {
	s.fired = false
	if s.armed != wanted {
		// An error shows again at the next wait for the source, which has somebody to tell.
		_ = s.watch(l, wanted)
	}
}
