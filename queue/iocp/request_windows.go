package iocp

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// schedule ensures that a poll requests the armed directions. The caller holds Mu.
//
// An error means that the system had no memory for the poll, which stays due.
func (q *instance) schedule(i int32) error {
	s := &q.polls.slots[i]
	switch s.Extra.state {
	case idle:
		if s.Armed == queue.None || q.Gate.Closed() {
			return nil
		}
		q.polls.push(i)
		if q.blocked > 0 {
			// A blocked Wait must not miss the readiness. Without one, the poll can wait until the
			// caller has had the chance to use the readiness.
			return q.startDue()
		}
	case due:
		if s.Armed == queue.None {
			q.polls.remove(i)
		}
	case polling:
		// A poll that requests more than is wanted can stay: if it completes, it is stale and
		// requests less.
		if s.Armed == queue.None || !s.Extra.asked.Has(s.Armed) {
			return q.cancel(i)
		}
	}
	return nil
}

// startDue starts every poll that is due. The caller holds Mu.
func (q *instance) startDue() error {
	for q.polls.first != none {
		i := q.polls.first
		q.polls.remove(i)
		if err := q.start(i); err != nil {
			q.polls.push(i)
			return fmt.Errorf("poll handle %v: %w", q.polls.slots[i].Extra.handle, err)
		}
	}
	return nil
}

// start starts the poll of an idle slot. The caller holds Mu.
func (q *instance) start(i int32) error {
	s := &q.polls.slots[i]
	data := uintptr(i) + 1
	if err := q.polls.poll(i).Start(q.polls.device(i), s.Extra.base, askFor(s.Armed), data); err != nil {
		if sys.ClassOf(err) == sys.ClassOutOfMemory {
			return err
		}
		// The handle was closed, or its number now belongs to something else. Report that in the
		// same way as readiness.
		if err := sys.PortPost(q.port, keyPoll, data); err != nil {
			return err
		}
		s.Extra.broken = true
	}
	s.Extra.state, s.Extra.started, s.Extra.asked = polling, s.Generation, s.Armed
	q.polls.underWay++
	return nil
}

// cancel requests the end of the poll of a slot. The caller holds Mu.
func (q *instance) cancel(i int32) error {
	s := &q.polls.slots[i]
	s.Extra.state = canceling
	if s.Extra.broken {
		return nil
	}
	if err := q.polls.poll(i).Cancel(q.polls.device(i)); err != nil {
		return fmt.Errorf("cancel poll of handle %v: %w", s.Extra.handle, err)
	}
	return nil
}

// askFor returns the events that a poll requests from the driver. Resets and failed connections are
// not interests; a poll always requests them.
func askFor(armed queue.Interest) uint32 {
	events := sys.AFDAbort | sys.AFDConnectFail | sys.AFDLocalClose
	if armed.Has(queue.Readable) {
		events |= sys.AFDReceive | sys.AFDAccept | sys.AFDDisconnect
	}
	if armed.Has(queue.Writable) {
		events |= sys.AFDSend
	}
	return events
}
