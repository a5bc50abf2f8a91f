package iocp

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// deadline is the time at which an OpTimeout ends, since the birth of the queue. The deadlines form
// a binary heap.
type deadline struct {
	at time.Duration
	id queue.OpID
}

func (q *instance) now() time.Duration { return time.Since(q.born) }

// addDeadline starts an OpTimeout. The caller holds Mu.
func (q *instance) addDeadline(id queue.OpID, x *operation) {
	o := &q.operations
	at := q.now() + x.op.After
	if at < 0 {
		at = 1<<63 - 1
	}
	o.deadlines = append(o.deadlines, deadline{at, id})
	o.up(len(o.deadlines) - 1)
	if x.place == 0 {
		// The Waits that are blocked would sleep too long.
		q.era++
		q.punctual = 0
	}
}

// removeDeadline removes the deadline at a place of the heap.
func (o *operations) removeDeadline(place int32) {
	i, last := int(place), len(o.deadlines)-1
	o.set(i, o.deadlines[last])
	o.deadlines = o.deadlines[:last]
	if i < last {
		o.down(i)
		o.up(i)
	}
}

// expire finishes every OpTimeout whose deadline has passed. The caller holds Mu.
func (q *instance) expire() {
	o := &q.operations
	if len(o.deadlines) == 0 {
		return
	}
	for now := q.now(); len(o.deadlines) > 0 && o.deadlines[0].at <= now; {
		id := o.deadlines[0].id
		o.removeDeadline(0)
		q.finish(id, 0)
	}
}

// bound returns timeout, or the time to the first deadline if that is less. The caller holds Mu.
func (q *instance) bound(timeout time.Duration) time.Duration {
	if len(q.operations.deadlines) == 0 {
		return timeout
	}
	left := max(0, q.operations.deadlines[0].at-q.now())
	if timeout < 0 {
		return left
	}
	return min(timeout, left)
}

func (o *operations) set(i int, d deadline) {
	o.deadlines[i] = d
	o.table.Of(d.id).Extra.place = int32(i)
}

func (o *operations) up(i int) {
	d := o.deadlines[i]
	for i > 0 {
		parent := (i - 1) / 2
		if o.deadlines[parent].at <= d.at {
			break
		}
		o.set(i, o.deadlines[parent])
		i = parent
	}
	o.set(i, d)
}

func (o *operations) down(i int) {
	d := o.deadlines[i]
	for {
		child := 2*i + 1
		if child >= len(o.deadlines) {
			break
		}
		if child+1 < len(o.deadlines) && o.deadlines[child+1].at < o.deadlines[child].at {
			child++
		}
		if d.at <= o.deadlines[child].at {
			break
		}
		o.set(i, o.deadlines[child])
		i = child
	}
	o.set(i, d)
}
