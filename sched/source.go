package sched

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// source is a handle registered with a loop's queue, and its known readiness. It has no pointers,
// so that the garbage collector does not scan the sources of idle handlers.
type source struct {
	token  queue.Token
	handle sys.Handle
	flags  atomic.Uint32
	armed  queue.Interest // directions that the queue watches, in modes Level and OneShot
	ready  queue.Interest // reported while no task waited
	fired  bool           // in Loop.fired
	unused uint8          // events in sequence for which no caller waited; see rest
}

// unusedMax is the number of events in sequence that no caller waits for, after which a
// registration rests if the handle has another one. The first may be the answer to a caller that is
// about to wait.
const unusedMax = 2

// The flags of a source.
const (
	flagEnds     = 1 << iota // a hang-up or an error was reported
	flagClosed               // the registration has ended
	flagUrgent               // urgent data was reported
	flagResting              // the queue does not have the registration; see rest
	flagTransfer             // operations move the bytes, and the queue does not have the registration
	flagUnarmed              // operations have moved bytes since armed was set, which no longer holds
)

func (s *source) closed() bool { return s.flags.Load()&flagClosed != 0 }

// markClosed marks s closed and reports whether it was open before.
func (s *source) markClosed() bool { return s.flags.Or(flagClosed)&flagClosed == 0 }

// sink receives a source's events, on its loop.
type sink interface {
	deliver(l *Loop, e *queue.Event)
	settle(l *Loop) // see source.settle
	drain(l *Loop)  // the loop was asked to end
	cancel(l *Loop, cause error)
	over(l *Loop) // the loop has ended
}

// register makes the queue of l watch s, whose handle and token are set. In mode Edge the queue
// watches both directions permanently. In the other modes it watches none until a task waits.
func (s *source) register(l *Loop) error {
	interest := queue.None
	if l.options.Mode == queue.Edge {
		interest = queue.Both
	}
	return l.queue.Add(s.handle, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
}

// open registers s, whose events k receives.
func (s *source) open(l *Loop, h sys.Handle, k sink) error {
	s.handle, s.token = h, l.slots.put(k)
	err := s.register(l)
	if err != nil {
		l.slots.drop(s.token)
	}
	return err
}

// close ends the registration and reports whether this call did so. Any thread may call it. Once it
// has returned, the handle's number may be reused.
func (s *source) close(l *Loop) (bool, error) {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if !s.markClosed() {
		return false, nil
	}
	if s.resting() {
		return true, nil
	}
	var err error
	if !s.transfers() {
		err = s.deregister(l)
	}
	l.slots.dropLocked(s.token)
	return true, err
}

// rest takes the registration out of the queue until resume. The handle has another registration,
// for which callers wait, and this one would only report the same events in vain.
func (s *source) rest(l *Loop) {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.flags.Load()&(flagClosed|flagResting|flagTransfer) != 0 {
		return
	}
	if s.deregister(l) == nil {
		l.slots.dropLocked(s.token)
		s.flags.Or(flagResting)
	}
}

func (s *source) resting() bool { return s.flags.Load()&flagResting != 0 }

// resume undoes rest. The queue reports at once what is ready. k is the sink of s.
func (s *source) resume(l *Loop, k sink) error {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	switch {
	case s.closed():
		return net.ErrClosed
	case !s.resting():
		return nil
	}
	s.token = l.slots.putLocked(k)
	s.armed, s.ready = queue.None, queue.None
	if err := s.register(l); err != nil {
		l.slots.dropLocked(s.token)
		return closedError(err)
	}
	s.flags.And(^uint32(flagResting))
	return nil
}

func (s *source) deregister(l *Loop) error {
	err := l.queue.Delete(s.handle)
	if errors.Is(err, queue.ErrClosed) {
		err = nil
	}
	return err
}

// arm declares that readiness in the directions of want is lost, and makes the queue watch for it.
func (s *source) arm(l *Loop, want queue.Interest) error {
	if s.transfers() {
		return nil // the try that would block has asked for an event
	}
	s.forgetArmed()
	switch l.options.Mode {
	case queue.Edge:
		if l.native {
			return nil
		}
		// The lock excludes close, whose caller closes the handle next. Without it, this
		// declaration could reach an unrelated handle with the same number.
		l.slots.mu.Lock()
		defer l.slots.mu.Unlock()
		if s.closed() {
			return net.ErrClosed
		}
		return closedError(l.queue.WouldBlock(s.handle, want))
	case queue.Level, queue.OneShot:
		// The event that disarms the source may be on its way, taken from the queue by another
		// thread. If the source were armed again, that event would be reported twice.
		if s.armed.Has(want) {
			return nil
		}
	}
	return s.watch(l, s.armed|want)
}

// forgetArmed makes armed valid again after a transfer. The caller of begin cannot: it may be on
// any goroutine, while the loop takes an event of s.
func (s *source) forgetArmed() {
	if s.flags.Load()&flagUnarmed != 0 {
		s.flags.And(^uint32(flagUnarmed))
		s.armed = queue.None
	}
}

// watch makes the queue watch the directions of interest. The queue checks them at once.
func (s *source) watch(l *Loop, interest queue.Interest) error {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.closed() {
		return net.ErrClosed
	}
	if s.resting() || s.transfers() {
		return nil
	}
	err := l.queue.Modify(s.handle, queue.Registration{Token: s.token, Interest: interest, Mode: l.options.Mode})
	if err != nil {
		return closedError(err)
	}
	s.armed = interest
	return nil
}

// note records what e reports about the registration itself. k is the sink of s.
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

// shortReadDrains reports whether a Wait may follow a short read of TCP. If waiting arms the
// registration, the queue checks the handle again, so nothing is missed. A native edge is not
// checked again: it comes with an arrival, once.
//
// A native edge may have come with two things that a short read leaves: the end of the stream, and
// bytes after an urgent mark. Both are recorded when they are reported. If they have not been
// reported, their event is still to come. The kernel sets the urgent mark before it makes the event
// for the bytes that follow. Such an event therefore reports the mark. If the queue cannot report
// urgent data, the kernel is asked. That costs less than a read that would block.
func (s *source) shortReadDrains(l *Loop) bool {
	switch {
	case s.transfers():
		return false // the Transfer knows
	case l.options.Mode != queue.Edge || !l.native:
		return true
	case s.flags.Load()&(flagEnds|flagUrgent) != 0:
		return false
	}
	return l.urgent || !sys.StoppedAtMark(s.handle)
}

// closedError converts the error for a missing registration into net.ErrClosed, which users of
// package net know.
func closedError(err error) error {
	if errors.Is(err, queue.ErrClosed) || errors.Is(err, queue.ErrNotFound) {
		return net.ErrClosed
	}
	return err
}

// settle limits, in mode Level, what the queue watches to wanted. It runs at the end of the turn in
// which the source fired, so that untaken readiness is not reported again. Turning the interest off
// with the event would cost two calls per message instead of none.
func (s *source) settle(l *Loop, wanted queue.Interest) {
	s.fired = false
	s.forgetArmed()
	if s.armed != wanted {
		// An error shows again at the next wait for the source, which can return it.
		_ = s.watch(l, wanted)
	}
}
