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

// outcome is the result of the packet of a poll.
type outcome uint8

const (
	nothing  outcome = iota
	reported         // an event
	stale            // the poll has to start again
)

// complete handles the packet of the poll of slot i. The caller holds Mu.
func (q *instance) complete(i int32) (queue.Event, outcome) {
	s := &q.polls.slots[i]
	broken := s.Extra.broken
	s.Extra.state, s.Extra.broken = idle, false
	q.polls.underWay--
	if !s.Registered() {
		q.polls.giveBack(i)
		return queue.Event{}, nothing
	}
	if s.Extra.started != s.Generation {
		return queue.Event{}, q.again(i)
	}
	found, err := q.polls.poll(i).Result()
	if broken || err != nil {
		e, ok := s.Report(queue.Ready(queue.Both) | queue.ReadyError)
		s.Armed = queue.None // every further poll would fail
		if !ok {
			return e, nothing
		}
		return e, reported
	}
	if found&sys.AFDLocalClose != 0 {
		s.Armed = queue.None
		return queue.Event{}, nothing
	}
	e, ok := s.Report(readyOf(found))
	if !ok {
		return e, q.again(i) // the poll was canceled from outside the queue
	}
	if s.Mode == queue.Edge {
		s.Armed &^= e.Ready.Directions()
	}
	q.again(i)
	return e, reported
}

// again restarts the poll of an idle slot, or makes it due. A poll that cannot start stays due: the
// Wait that tries next returns the error if it still cannot.
func (q *instance) again(i int32) outcome {
	_ = q.schedule(i)
	if q.polls.slots[i].Extra.state == idle {
		return nothing
	}
	return stale
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

// readyOf maps the driver's events to Ready. Resets and failed connections set both directions,
// because their operations do not block but fail.
func readyOf(events uint32) queue.Ready {
	var ready queue.Ready
	if events&(sys.AFDReceive|sys.AFDAccept) != 0 {
		ready |= queue.Ready(queue.Readable)
	}
	if events&sys.AFDDisconnect != 0 {
		ready |= queue.Ready(queue.Readable) | queue.ReadyPeerShut
	}
	if events&sys.AFDSend != 0 {
		ready |= queue.Ready(queue.Writable)
	}
	if events&sys.AFDAbort != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyHangUp
	}
	if events&sys.AFDConnectFail != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyError
	}
	return ready
}
