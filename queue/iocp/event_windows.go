package iocp

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// delivery is the result of delivering packets.
type delivery struct {
	events int
	woken  bool // a Wake was among them
	stale  bool // a poll was among them that is to be started again, or a nudge
	closed bool
}

// deliver turns packets into events, after those that p has stored. Completions fill the rest.
func (q *instance) deliver(events []queue.Event, packets []sys.Packet, p preparation) (d delivery) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	q.blocked--
	if p.era == q.era {
		q.punctual--
	}
	d.events = p.events
	for i := range packets {
		switch packets[i].Key {
		case keyWake:
			d.woken = true
			q.WakeTaken()
		case keyPoll:
			event, outcome := q.complete(int32(packets[i].Data) - 1)
			switch outcome {
			case reported:
				events[d.events] = event
				d.events++
			case stale:
				d.stale = true
			}
		case keyOperation:
			q.arrived(packets[i].Data)
			d.stale = true // it may have begun again
		case keyNudge:
			q.nudged = false
			d.stale = true // it took the place of another packet
		}
	}
	if q.Gate.Closed() {
		q.dismiss()
		// Completions that the Wait has taken would be lost with an error, with their handles and
		// buffers.
		d.closed = p.events == 0
		d.events = p.events
		return d
	}
	q.expire()
	d.events += q.takeFinished(events[d.events:])
	// Another Wait returns the completions for which this one has no room, and wakes up for the
	// first deadline.
	_ = q.nudge()
	return d
}

const (
	nothing  outcome = iota
	reported         // an event
	stale            // the poll has to start again
)

// outcome is the result of the packet of a poll.
type outcome uint8

// complete handles the packet of the poll of slot i. The caller holds Mu.
func (q *instance) complete(i int32) (queue.Event, outcome) {
	s := &q.polls.slots[i]
	broken := s.Extra.broken
	s.Extra.state, s.Extra.broken = idle, false
	q.polls.underWay--
	if s.Extra.op != 0 {
		return queue.Event{}, q.polled(i, broken)
	}
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
