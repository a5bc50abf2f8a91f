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
	port      sys.Handle
	polls     polls // guarded by Mu
	blocked   int   // guarded by Mu; number of Waits that may be blocked in the kernel
	abandoned bool  // guarded by Mu; whether port was closed early
}

// The keys of packets. The data of a poll's packet is the index of its slot plus one; other packets
// carry no data.
const (
	keyPoll uintptr = iota + 1
	keyWake
	keyClose
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
	room := packets[:min(len(packets), len(events))]
	for {
		block, notStarted := q.prepare(left)
		n, err := sys.PortWait(q.port, room, block)
		d := q.deliver(events, room[:n])
		switch {
		case d.closed:
			return 0, q.Closed("wait")
		case d.events > 0 || d.woken:
			return d.events, nil
		case err != nil:
			return 0, q.Failed("wait", err)
		case notStarted != nil:
			return 0, q.Failed("wait", notStarted)
		}
		// After a stale poll, continue even with a timeout of zero: the readiness may be known only
		// to the poll that replaces it.
		if left = q.Left(timeout, begin); left == 0 && !d.stale {
			return 0, nil
		}
	}
}

// prepare starts the due polls and returns how long to wait for packets. It returns zero if a poll
// cannot start or the queue is closed.
func (q *instance) prepare(timeout time.Duration) (time.Duration, error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	q.blocked++
	if q.Gate.Closed() {
		return 0, nil
	}
	if err := q.startDue(); err != nil {
		return 0, err
	}
	return timeout, nil
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

// Close implements [queue.Queue]. It cancels all polls and takes their packets, so that the system
// does not write to released memory. If a packet does not arrive, Close leaves the memory to the
// system and returns an error.
func (q *instance) Close() error {
	ok, err := q.Shut(func() error { q.dismiss(); return nil })
	if !ok {
		return err
	}
	// No Wait is running now. Mu excludes late calls, which return ErrClosed.
	q.Mu.Lock()
	defer q.Mu.Unlock()
	err = q.polls.cancelAll()
	if !q.abandoned {
		err = errors.Join(err, q.drain(), sys.CloseObject(q.port))
	}
	if err = errors.Join(err, q.polls.release()); err != nil {
		return q.Failed("close", err)
	}
	return nil
}

// drain takes packets until no poll is under way.
func (q *instance) drain() error {
	var packets [packetsMax]sys.Packet
	for q.polls.underWay > 0 {
		n, err := sys.PortWait(q.port, packets[:], drainTimeout)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%d polls still under way after %v", q.polls.underWay, drainTimeout)
		}
		for i := range n {
			if packets[i].Key == keyPoll {
				q.polls.underWay--
			}
		}
	}
	return nil
}
