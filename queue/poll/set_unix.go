//go:build unix

package poll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer.
type slot struct {
	token      queue.Token
	generation uint32 // changes with the registration, so that results of earlier polls are dropped
	position   int32  // in fds; 0 if the handle is not registered
	interest   queue.Interest
	armed      queue.Interest // directions that may be reported; reports in modes Edge and OneShot disarm them
	mode       queue.Mode
}

// set is the poll set with its registrations. Entry 0 is the waker.
type set struct {
	fds    []sys.PollFD
	stamps []uint32 // the generation of each entry of fds
	slots  []slot
}

func (s *set) has(h sys.Handle) bool {
	return h < sys.Handle(len(s.slots)) && s.slots[h].position > 0
}

func (s *set) add(h sys.Handle, r queue.Registration) {
	for sys.Handle(len(s.slots)) <= h {
		s.slots = append(s.slots, slot{})
	}
	s.slots[h].position = int32(len(s.fds))
	s.fds = append(s.fds, sys.PollFD{})
	s.stamps = append(s.stamps, 0)
	s.replace(h, r)
}

func (s *set) replace(h sys.Handle, r queue.Registration) {
	x := &s.slots[h]
	x.generation++
	x.token, x.interest, x.armed, x.mode = r.Token, r.Interest, r.Interest, r.Mode
	s.stamps[x.position] = x.generation
	s.arm(h)
}

// remove moves the last entry into the place of h.
func (s *set) remove(h sys.Handle) {
	x := &s.slots[h]
	last := len(s.fds) - 1
	s.fds[x.position], s.stamps[x.position] = s.fds[last], s.stamps[last]
	s.slots[handleOf(s.fds[last])].position = x.position
	s.fds, s.stamps = s.fds[:last], s.stamps[:last]
	*x = slot{generation: x.generation + 1}
}

// rearm arms dir again and reports whether that changed anything.
func (s *set) rearm(h sys.Handle, dir queue.Interest) bool {
	x := &s.slots[h]
	armed := x.armed | dir&x.interest
	if x.mode != queue.Edge || armed == x.armed {
		return false
	}
	x.armed = armed
	s.arm(h)
	return true
}

// arm updates the entry of h to the armed directions.
func (s *set) arm(h sys.Handle) {
	x := &s.slots[h]
	e := sys.PollFD{Fd: int32(h), Events: polling.Bits(x.armed)}
	if x.armed == queue.None {
		// The kernel also reports hang-ups and errors outside the interest, but skips negative
		// numbers.
		e.Fd = ^e.Fd
	}
	s.fds[x.position] = e
}

func handleOf(e sys.PollFD) sys.Handle {
	if e.Fd < 0 {
		return sys.Handle(^e.Fd)
	}
	return sys.Handle(e.Fd)
}

// report returns the event for an entry that the kernel reported. ok is false if the registration
// has ended or there is nothing to report. changed reports whether the entry now requests other
// directions.
func (s *set) report(e sys.PollFD, stamp uint32) (event queue.Event, ok, changed bool) {
	h := handleOf(e)
	if !s.has(h) || s.slots[h].generation != stamp {
		return event, false, false
	}
	x := &s.slots[h]
	event = queue.Event{Token: x.token, Ready: polling.ReadyOf(e.Revents, x.armed)}
	directions := event.Ready.Directions()
	if directions == queue.None {
		return event, false, false
	}
	if x.mode == queue.OneShot {
		event.Disarmed = directions
	}
	switch {
	case e.Revents&sys.PollInvalid != 0:
		// The handle was closed, and the kernel would report it indefinitely.
		x.armed = queue.None
	case x.mode != queue.Level:
		x.armed &^= directions
	default:
		return event, true, false
	}
	s.arm(h)
	return event, true, true
}
