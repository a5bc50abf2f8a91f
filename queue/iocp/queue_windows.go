package iocp

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/sys"
)

// instance is a queue on one completion port.
type instance struct {
	base.Parallel
	port sys.Handle
	born time.Time // origin of the deadlines

	// Guarded by Mu:
	polls      polls
	operations operations
	blocked    int    // number of Waits that may be blocked in the kernel
	punctual   int    // number of those that wake up for the first deadline
	era        uint32 // changes when the Waits that are blocked are no longer punctual
	nudged     bool   // whether a packet of nudge is in the port
	yields     bool   // whether the next Wait with room for one event prefers a packet to a completion
	abandoned  bool   // whether port was closed early
}

// The keys of packets. The data of a poll's packet is the index of its slot plus one, that of an
// operation's packet is sys.Overlapped.Data. Other packets carry no data.
const (
	keyPoll uintptr = iota + 1
	keyWake
	keyClose
	keyOperation
	keyNudge
)

// packetsMax is the number of packets that a Wait takes from the port at once, on its stack.
const packetsMax = 64

// Wait implements [queue.Queue].
func (q *instance) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if err := q.Enter(events); err != nil {
		return 0, err
	}
	defer q.Gate.Leave()
	begin := q.Begin(timeout)
	left := timeout
	// A packet makes one event at most.
	var packets [packetsMax]sys.Packet
	for {
		p := q.prepare(events, left)
		if p.events == len(events) {
			return p.events, nil
		}
		n, err := sys.PortWait(q.port, packets[:min(len(packets), len(events)-p.events)], p.block)
		d := q.deliver(events, packets[:n], p)
		switch {
		case d.closed:
			return 0, q.Closed("wait")
		case d.events > 0 || d.woken:
			return d.events, nil
		case err != nil:
			return 0, q.Failed("wait", err)
		case p.notStarted != nil:
			return 0, q.Failed("wait", p.notStarted)
		}
		// After a stale poll, continue even with a timeout of zero: the readiness may be known only
		// to the poll that replaces it.
		if left = q.Left(timeout, begin); left == 0 && !d.stale {
			return 0, nil
		}
	}
}

// preparation holds the conditions under which a Wait enters the kernel.
type preparation struct {
	block      time.Duration // how long to wait for packets
	notStarted error         // why a due poll could not start
	events     int           // completions that the Wait has already stored; it enters with room for more
	era        uint32
}

// prepare starts the due polls and takes finished operations. block is zero if a poll cannot start,
// if there is a finished operation, or if the queue is closed.
//
// Completions leave room for one packet, or take turns with packets if the Wait has room for one
// event. Operations that finish at once would otherwise starve the registrations.
func (q *instance) prepare(events []queue.Event, timeout time.Duration) (p preparation) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if !q.Gate.Closed() {
		p.notStarted = q.startDue()
		q.expire()
		room := len(events) - 1
		if room == 0 {
			if q.yields = !q.yields; q.yields {
				room = 1
			}
		}
		p.events = q.takeFinished(events[:room])
		if p.events == len(events) {
			_ = q.nudge()
			return p
		}
	}
	q.blocked++
	q.punctual++
	p.era = q.era
	if !q.Gate.Closed() && p.notStarted == nil && p.events == 0 && q.operations.first == none {
		p.block = q.bound(timeout)
	}
	return p
}

// dismiss makes one blocked Wait leave, if there is one. That Wait dismisses the next. The caller
// holds Mu.
func (q *instance) dismiss() {
	if q.blocked == 0 || q.abandoned {
		return
	}
	if err := sys.PortPost(q.port, keyClose, 0); err != nil {
		// The system has no memory for a packet. Closing the port needs none and ends every Wait,
		// but the packets of the polls are lost with it.
		q.abandoned = true
		_ = sys.CloseObject(q.port)
	}
}

// drainTimeout bounds how long Close waits for the packet of a canceled poll. Windows posts it at
// once.
const drainTimeout = 10 * time.Second

// Close implements [queue.Queue]. It cancels all polls and operations and takes their packets, so
// that the system does not write to released memory. If a packet does not arrive, Close leaves the
// memory to the system and returns an error.
func (q *instance) Close() error {
	ok, err := q.Shut(func() error { q.dismiss(); return nil })
	if !ok {
		return err
	}
	// No Wait is running now. Mu excludes late calls, which return ErrClosed.
	q.Mu.Lock()
	defer q.Mu.Unlock()
	err = q.polls.cancelAll()
	// The caller may have closed a handle, which ends its operations too. So only a missing packet
	// makes the errors of cancel interesting.
	canceled := q.operations.cancelAll()
	if q.abandoned {
		err = errors.Join(err, canceled)
	} else {
		if drained := q.drain(); drained != nil {
			err = errors.Join(err, canceled, drained)
		}
		err = errors.Join(err, sys.CloseObject(q.port))
	}
	if err = errors.Join(err, q.releaseOperations(), q.polls.release()); err != nil {
		return q.Failed("close", err)
	}
	return nil
}

// drain takes packets until no poll and no operation is under way.
func (q *instance) drain() error {
	var packets [packetsMax]sys.Packet
	for q.polls.underWay+q.operations.underWay > 0 {
		n, err := sys.PortWait(q.port, packets[:], drainTimeout)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%d polls and %d operations still under way after %v", q.polls.underWay, q.operations.underWay, drainTimeout)
		}
		for i := range n {
			switch packets[i].Key {
			case keyPoll:
				q.polls.underWay--
			case keyOperation:
				if _, o := q.operations.find(packets[i].Data); o != nil {
					q.returned(o)
				}
			}
		}
	}
	return nil
}
