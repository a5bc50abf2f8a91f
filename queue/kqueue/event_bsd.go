//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// eventOf returns the event that the kernel reports, unless its registration is over. The caller
// holds mu.
func (q *Queue) eventOf(e *sys.Kevent) (queue.Event, bool) {
	h := sys.Handle(e.Ident)
	s := q.slotOf(h)
	if s == nil || uintptr(s.generation) != e.Udata {
		return queue.Event{}, false
	}
	if s.end && e.Filter == endFilter && !q.endHolds(h, s, e) {
		return queue.Event{}, false
	}
	ready := s.readyOf(e)
	directions := ready.Directions() & s.armed
	if directions == queue.None {
		return queue.Event{}, false
	}
	event := queue.Event{Token: s.token, Ready: ready&^queue.Ready(queue.Both) | queue.Ready(directions)}
	if s.mode == queue.OneShot {
		event.Disarmed = directions
		s.armed &^= directions
	}
	if s.mode == queue.Level && e.Flags&sys.EvOneShot != 0 {
		// FreeBSD takes the filter of a writer off a pipe whose reader closes (knlist_clear): it
		// reports once more and is gone. If the kernel refuses a new one, the handle was closed,
		// and whoever closed it without Delete waits for nothing any more.
		old := *s
		_ = q.attach(h, &old, s)
	}
	return event, true
}

// endHolds takes away an endFilter that reports something else than the end of a writer's pipe.
func (q *Queue) endHolds(h sys.Handle, s *slot, e *sys.Kevent) bool {
	switch {
	case endFilter == sys.EvfiltUser:
		// This one does not go with its handle, and would report for ever a pipe that was closed
		// without Delete.
		if pipe, err := q.pollable(h); err == nil && pipe {
			return true
		}
	case endFilter != sys.EvfiltRead, e.Flags&sys.EvEOF != 0, s.interest.Has(queue.Readable):
		return true
	}
	q.detachEnd(h, s)
	return false
}

// readyOf maps the event of one filter, which speaks of its direction only: the end of the other is
// an event of the other filter.
func (s *slot) readyOf(e *sys.Kevent) queue.Ready {
	var ready queue.Ready
	over := e.Flags&sys.EvEOF != 0
	if e.Filter == sys.EvfiltRead {
		ready |= queue.Ready(queue.Readable)
		if over {
			// There may be bytes before the end.
			ready |= queue.ReadyPeerShut
			s.ended |= queue.Readable
		}
	}
	if e.Filter == sys.EvfiltWrite {
		ready |= queue.Ready(queue.Writable)
		if over {
			s.ended |= queue.Writable
			if s.pipe {
				ready |= queue.ReadyHangUp
			}
		}
	}
	if s.end && e.Filter == endFilter && (over || endFilter == sys.EvfiltUser) {
		ready |= queue.Ready(queue.Writable) | queue.ReadyHangUp
	}
	if s.ended == queue.Both {
		ready |= queue.ReadyHangUp
	}
	// A connection that failed or was reset has ended, with the errno in fflags (kqueue(2)).
	if over && e.Fflags != 0 || e.Flags&sys.EvError != 0 {
		ready |= queue.ReadyError
	}
	return ready
}
