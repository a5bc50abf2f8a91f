//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// deliver turns raw into events and reports whether raw contained a Wake.
func (q *instance) deliver(events []queue.Event, raw []sys.Kevent) (n int, woken bool, err error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return 0, false, q.Closed("wait")
	}
	for i := range raw {
		if q.waker.is(&raw[i]) {
			woken = true
			err = q.takeWake()
			continue
		}
		if e, ok := q.eventOf(&raw[i]); ok {
			events[n] = e
			n++
		}
	}
	return n, woken, q.Deferred(n, err)
}

// eventOf returns the event that the kernel reported, unless its registration has ended. The caller
// holds Mu.
func (q *instance) eventOf(e *sys.Kevent) (queue.Event, bool) {
	h := sys.Handle(e.Ident)
	s := q.table.Current(h, uint64(e.Udata))
	if s == nil {
		return queue.Event{}, false // stale
	}
	if s.Extra.end && e.Filter == endFilter && !q.endHolds(h, s, e) {
		return queue.Event{}, false
	}
	event, ok := s.Report(readyOf(s, e))
	if !ok {
		return event, false
	}
	if s.Mode == queue.Level && e.Flags&sys.EvOneShot != 0 {
		// FreeBSD removes the filter of a writer from a pipe whose reader closes (knlist_clear): it
		// reports once more and is gone. If the kernel refuses a new filter, the handle was closed
		// without Delete, and no caller waits for it.
		old := *s
		_ = q.attach(h, &old, s)
	}
	return event, true
}

// endHolds reports whether the event of endFilter is the end of a writer's pipe. If it is not,
// endHolds detaches the filter.
func (q *instance) endHolds(h sys.Handle, s *slot, e *sys.Kevent) bool {
	switch {
	case endFilter == sys.EvfiltUser:
		// EVFILT_USER is not removed with its handle. After a pipe is closed without Delete, it
		// would report indefinitely.
		if pipe, err := q.pollable(h); err == nil && pipe {
			return true
		}
	case endFilter != sys.EvfiltRead, e.Flags&sys.EvEOF != 0, s.Extra.interest.Has(queue.Readable):
		return true
	}
	q.detachEnd(h, s)
	return false
}

// readyOf maps the event of one filter, which covers its own direction only. The end of the other
// direction is an event of the other filter.
func readyOf(s *slot, e *sys.Kevent) queue.Ready {
	var ready queue.Ready
	over := e.Flags&sys.EvEOF != 0
	if e.Filter == sys.EvfiltRead {
		ready |= queue.Ready(queue.Readable)
		if over {
			// Unread bytes may precede the end.
			ready |= queue.ReadyPeerShut
			s.Extra.ended |= queue.Readable
		}
	}
	if e.Filter == sys.EvfiltWrite {
		ready |= queue.Ready(queue.Writable)
		if over {
			s.Extra.ended |= queue.Writable
			if s.Extra.pipe {
				ready |= queue.ReadyHangUp
			}
		}
	}
	if s.Extra.end && e.Filter == endFilter && (over || endFilter == sys.EvfiltUser) {
		ready |= queue.Ready(queue.Writable) | queue.ReadyHangUp
	}
	if s.Extra.ended == queue.Both {
		ready |= queue.ReadyHangUp
	}
	// A connection that failed or was reset has ended, with the errno in fflags (kqueue(2)).
	if over && e.Fflags != 0 || e.Flags&sys.EvError != 0 {
		ready |= queue.ReadyError
	}
	return ready
}
