package completion

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
)

// operation is an operation in flight. It is in a lane, among the timers, before its turn in a
// chain, or done.
type operation struct {
	op         queue.Op
	pool       *lending.Pool // of op.Buffers
	lane       *lane
	follower   queue.OpID // the next of the chain
	sent       int        // bytes of an OpSend
	prev, next int32      // in the lane
	position   int32      // among the timers
	begun      bool
	done       bool // the terminal completion waits for a Wait
	trying     bool // a Wait performs it, without mu
	canceled   bool // while trying
	connecting bool // the connect is in progress
}

// outcome is what a completion reports.
type outcome struct {
	result int32
	buffer uint16
	bits   queue.Completion
}

var canceled = outcome{result: queue.ResultCanceled}

func slotOf(id queue.OpID) int32 { return int32(flight.Index(id)) }

// partial returns the outcome of a canceled operation.
func (x *operation) partial() outcome {
	if x.sent > 0 {
		return outcome{result: int32(x.sent)}
	}
	return canceled
}

// Submit implements [queue.Completer].
func (q *adapter) Submit(op *queue.Op) (queue.OpID, error) {
	q.mu.Lock()
	id, err := q.putOne(op)
	if err != nil {
		q.mu.Unlock()
		return 0, q.failed("submit", err)
	}
	q.begin(id)
	wake := q.unattended()
	q.mu.Unlock()
	q.interrupt(wake)
	return id, nil
}

// SubmitChain implements [queue.Completer].
func (q *adapter) SubmitChain(ops []queue.Op, ids []queue.OpID) error {
	q.mu.Lock()
	if err := q.putChain(ops, ids); err != nil {
		q.mu.Unlock()
		return q.failed("submit chain", err)
	}
	q.begin(ids[0])
	wake := q.unattended()
	q.mu.Unlock()
	q.interrupt(wake)
	return nil
}

func (q *adapter) putOne(op *queue.Op) (queue.OpID, error) {
	if q.gate.Closed() {
		return 0, queue.ErrClosed
	}
	if err := flight.Check(op); err != nil {
		return 0, err
	}
	if err := q.flights.Room(1); err != nil {
		return 0, err
	}
	return q.put(op)
}

func (q *adapter) putChain(ops []queue.Op, ids []queue.OpID) error {
	if q.gate.Closed() {
		return queue.ErrClosed
	}
	if err := flight.CheckChain(ops, ids); err != nil {
		return err
	}
	if err := q.flights.Room(len(ops)); err != nil {
		return err
	}
	for i := range ops {
		id, err := q.put(&ops[i])
		if err != nil {
			for _, id := range ids[:i] {
				q.drop(id)
			}
			clear(ids)
			return fmt.Errorf("operation %d: %w", i, err)
		}
		ids[i] = id
		if i > 0 {
			q.flights.Of(ids[i-1]).Extra.follower = id
		}
	}
	return nil
}

// put stores an operation, and counts it in its Buffers.
func (q *adapter) put(op *queue.Op) (queue.OpID, error) {
	var pool *lending.Pool
	if op.Buffers != nil {
		var err error
		if pool, err = q.poolOf(op.Buffers); err != nil {
			return 0, err
		}
		if err := pool.Enter(); err != nil {
			return 0, err
		}
	}
	id, o := q.flights.Put(op)
	o.Extra = operation{op: *op, pool: pool, prev: none, next: none}
	return id, nil
}

// drop forgets an operation.
func (q *adapter) drop(id queue.OpID) {
	if p := q.flights.Of(id).Extra.pool; p != nil {
		p.Leave()
	}
	q.flights.Drop(id)
}

// begin begins an operation: it becomes due, or its time starts.
func (q *adapter) begin(id queue.OpID) {
	x := &q.flights.Of(id).Extra
	x.begun = true
	switch x.op.Kind {
	case queue.OpTimeout:
		q.schedule(id, x)
	case queue.OpClose:
		q.enter(&q.closes, id, x)
	case queue.OpPoll:
		q.enter(&q.sourceOf(x.op.Handle).lanes[polling], id, x)
	case queue.OpRecv, queue.OpRecvMessage, queue.OpAccept:
		q.enter(&q.sourceOf(x.op.Handle).lanes[receiving], id, x)
	default:
		q.enter(&q.sourceOf(x.op.Handle).lanes[sending], id, x)
	}
}

// report queues a completion that is not terminal, or with no bits the terminal one.
func (q *adapter) report(id queue.OpID, r outcome, bits queue.Completion) {
	o := q.flights.Of(id)
	q.done.push(completion{id: id, event: queue.Event{
		Token: o.Token, Kind: o.Kind, Completion: queue.Completed | r.bits | bits, Buffer: r.buffer, Result: r.result,
	}})
}

// finish ends an operation that is in a lane, was among the timers, or has not begun. The rest of
// its chain begins or is canceled.
func (q *adapter) finish(id queue.OpID, r outcome) {
	for {
		x := &q.flights.Of(id).Extra
		x.done = true
		if x.lane != nil {
			q.leave(x)
		}
		q.report(id, r, 0)
		next := q.flights.Of(x.follower)
		if next == nil || next.Extra.done {
			return
		}
		if x.succeeded(r) {
			q.begin(x.follower)
			return
		}
		id, r = x.follower, canceled
	}
}

// succeeded reports whether the next operation of the chain begins after this outcome.
func (x *operation) succeeded(r outcome) bool {
	switch {
	case r.result < 0:
		return false
	case x.op.Kind == queue.OpSend, x.op.Kind == queue.OpRecv && x.pool == nil:
		return int(r.result) == flight.Size(&x.op)
	case x.op.Kind == queue.OpRecv:
		return r.result > 0
	}
	return true
}

// Cancel implements [queue.Completer].
func (q *adapter) Cancel(id queue.OpID) error {
	q.mu.Lock()
	if q.gate.Closed() {
		q.mu.Unlock()
		return q.failed("cancel", queue.ErrClosed)
	}
	o := q.flights.Of(id)
	if o == nil {
		q.mu.Unlock()
		return q.failed("cancel", fmt.Errorf("operation %#x: %w", uint64(id), errNotInFlight))
	}
	q.cancel(id, &o.Extra)
	wake := q.unattended()
	q.mu.Unlock()
	q.interrupt(wake)
	return nil
}

var errNotInFlight = fmt.Errorf("not in flight: %w", queue.ErrNotFound)

func (q *adapter) cancel(id queue.OpID, x *operation) {
	switch {
	case x.done:
	case x.trying, x.lane != nil && x.lane.number == polling && x.lane.busy:
		x.canceled = true
	case x.begun && x.op.Kind == queue.OpTimeout:
		q.unschedule(int(x.position))
		q.finish(id, canceled)
	default:
		q.finish(id, x.partial())
	}
}
