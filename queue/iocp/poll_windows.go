package iocp

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// schedule ensures that a poll requests the armed directions. The caller holds mu.
//
// An error means that the system had no memory for the poll, which stays due.
func (q *Queue) schedule(i int32) error {
	s := &q.table.slots[i]
	switch s.state {
	case idle:
		if s.armed == queue.None || q.gate.Closed() {
			return nil
		}
		q.table.push(i)
		if q.blocked > 0 {
			// A blocked Wait must not miss the readiness. Without one, the poll can wait until the
			// caller has had the chance to use the readiness.
			return q.startDue()
		}
	case due:
		if s.armed == queue.None {
			q.table.remove(i)
		}
	case polling:
		// A poll that requests more than is wanted can stay: if it completes, it is stale and
		// requests less.
		if s.armed == queue.None || !s.asked.Has(s.armed) {
			return q.cancel(i)
		}
	}
	return nil
}

// startDue starts every poll that is due. The caller holds mu.
func (q *Queue) startDue() error {
	for q.table.first != none {
		i := q.table.first
		q.table.remove(i)
		if err := q.start(i); err != nil {
			q.table.push(i)
			return failed("poll", q.table.slots[i].handle, err)
		}
	}
	return nil
}

// start starts the poll of an idle slot. The caller holds mu.
func (q *Queue) start(i int32) error {
	s := &q.table.slots[i]
	data := uintptr(i) + 1
	if err := q.table.poll(i).Start(q.table.device(i), s.base, askFor(s.armed), data); err != nil {
		if sys.ClassOf(err) == sys.ClassOutOfMemory {
			return err
		}
		// The handle was closed, or its number now belongs to something else. Report that in the
		// same way as readiness.
		if err := sys.PortPost(q.port, keyPoll, data); err != nil {
			return err
		}
		s.broken = true
	}
	s.state, s.started, s.asked = polling, s.generation, s.armed
	q.table.underWay++
	return nil
}

// cancel requests the end of the poll of a slot. The caller holds mu.
func (q *Queue) cancel(i int32) error {
	s := &q.table.slots[i]
	s.state = canceling
	if s.broken {
		return nil
	}
	if err := q.table.poll(i).Cancel(q.table.device(i)); err != nil {
		return failed("cancel poll of", s.handle, err)
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

// complete handles the packet of the poll of slot i. The caller holds mu.
func (q *Queue) complete(i int32) (queue.Event, outcome) {
	s := &q.table.slots[i]
	broken := s.broken
	s.state, s.broken = idle, false
	q.table.underWay--
	if !s.registered {
		q.table.giveBack(i)
		return queue.Event{}, nothing
	}
	if s.started != s.generation {
		return queue.Event{}, q.again(i)
	}
	found, err := q.table.poll(i).Result()
	if broken || err != nil {
		e := queue.Event{Token: s.token, Ready: queue.Ready(s.armed) | queue.ReadyError}
		if s.mode == queue.OneShot {
			e.Disarmed = s.armed
		}
		s.armed = queue.None // every further poll would fail
		return e, reported
	}
	if found&sys.AFDLocalClose != 0 {
		s.armed = queue.None
		return queue.Event{}, nothing
	}
	e := queue.Event{Token: s.token, Ready: readyOf(found, s.armed)}
	directions := e.Ready.Directions()
	if directions == queue.None {
		return e, q.again(i) // the poll was canceled from outside the queue
	}
	switch s.mode {
	case queue.OneShot:
		e.Disarmed = directions
		s.armed &^= directions
	case queue.Edge:
		s.armed &^= directions
	}
	q.again(i)
	return e, reported
}

// again restarts the poll of an idle slot, or makes it due. A poll that cannot start stays due: the
// Wait that tries next returns the error if it still cannot.
func (q *Queue) again(i int32) outcome {
	_ = q.schedule(i)
	if q.table.slots[i].state == idle {
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

// readyOf maps the driver's events to Ready. Resets and failed connections set all armed
// directions, because their operations do not block but fail.
func readyOf(events uint32, armed queue.Interest) queue.Ready {
	var directions, more queue.Ready
	if events&(sys.AFDReceive|sys.AFDAccept) != 0 {
		directions |= queue.Ready(queue.Readable)
	}
	if events&sys.AFDDisconnect != 0 {
		directions, more = directions|queue.Ready(queue.Readable), more|queue.ReadyPeerShut
	}
	if events&sys.AFDSend != 0 {
		directions |= queue.Ready(queue.Writable)
	}
	if events&sys.AFDAbort != 0 {
		directions, more = queue.Ready(queue.Both), more|queue.ReadyHangUp
	}
	if events&sys.AFDConnectFail != 0 {
		directions, more = queue.Ready(queue.Both), more|queue.ReadyError
	}
	return directions&queue.Ready(armed) | more
}
