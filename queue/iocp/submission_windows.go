package iocp

import (
	"errors"
	"fmt"
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

var _ queue.Completer = (*instance)(nil)

// Submit implements [queue.Completer]. The operation begins at once: calls with an Overlapped do
// not block.
func (q *instance) Submit(op *queue.Op) (queue.OpID, error) {
	var id queue.OpID
	err := q.Change("submit", op.Handle, func() error {
		if err := flight.Check(op); err != nil {
			return err
		}
		if err := check(op); err != nil {
			return err
		}
		if err := q.operations.room(1); err != nil {
			return err
		}
		if err := q.enter(op); err != nil {
			return err
		}
		id = q.put(op)
		q.submitted(id)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// SubmitChain implements [queue.Completer]. The first operation begins at once, each other one when
// Wait has taken the packet of the one before.
func (q *instance) SubmitChain(ops []queue.Op, ids []queue.OpID) error {
	first := sys.Invalid
	if len(ops) > 0 {
		first = ops[0].Handle
	}
	return q.Change("submit chain from", first, func() error {
		if err := flight.CheckChain(ops, ids); err != nil {
			return err
		}
		for i := range ops {
			if err := check(&ops[i]); err != nil {
				return fmt.Errorf("operation %d: %w", i, err)
			}
		}
		if err := q.operations.room(len(ops)); err != nil {
			return err
		}
		for i := range ops {
			if err := q.enter(&ops[i]); err != nil {
				for j := range i {
					q.leave(&ops[j])
				}
				return fmt.Errorf("operation %d: %w", i, err)
			}
		}
		for i := range ops {
			ids[i] = q.put(&ops[i])
			if i > 0 {
				q.operations.table.Of(ids[i-1]).Extra.successor = ids[i]
			}
		}
		q.submitted(ids[0])
		return nil
	})
}

// check returns why op cannot be submitted here, besides the reasons of flight.Check.
func check(op *queue.Op) error {
	switch {
	case op.Message != nil && op.Message.Name != "":
		return fmt.Errorf("%v: Unix-domain address: %w", op.Kind, errors.ErrUnsupported)
	case length(op) > math.MaxInt32: // Result could not hold it
		return fmt.Errorf("%v of %d bytes, want at most %d: %w", op.Kind, length(op), math.MaxInt32, queue.ErrInvalid)
	}
	return nil
}

// length returns the number of bytes of Data or Vector.
func length(op *queue.Op) int64 {
	if op.Vector == nil {
		return int64(len(op.Data))
	}
	n := int64(0)
	for _, s := range op.Vector {
		n += int64(len(s))
	}
	return n
}

// enter makes an operation a user of its Buffers.
func (q *instance) enter(op *queue.Op) error {
	p, err := q.poolOf(op)
	if p == nil {
		return err
	}
	return p.Enter()
}

// leave undoes enter.
func (q *instance) leave(op *queue.Op) {
	if p, _ := q.poolOf(op); p != nil {
		p.Leave()
	}
}

// put adds an operation, for which there is room. The caller holds Mu.
func (q *instance) put(op *queue.Op) queue.OpID {
	id, o := q.operations.table.Put(op)
	o.Extra = operation{op: *op, accepted: sys.Invalid, next: none, poll: none, place: none}
	o.Extra.pool, _ = q.poolOf(op)
	return id
}

// submitted begins an operation that was put. The caller holds Mu.
//
// An error of the nudge would only delay the completion: an operation that has begun cannot be
// taken back. So the next call that nudges tries again.
func (q *instance) submitted(id queue.OpID) {
	q.begin(id)
	_ = q.nudge()
}

// Cancel implements [queue.Completer].
func (q *instance) Cancel(id queue.OpID) error {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return q.Closed("cancel")
	}
	o := q.operations.table.Of(id)
	if o == nil {
		return q.Failed("cancel", queue.ErrNotFound)
	}
	x := &o.Extra
	x.canceled = true
	var err error
	switch {
	case x.phase == finished:
	case x.phase == waiting:
		q.finish(id, queue.ResultCanceled)
	case o.Kind == queue.OpTimeout:
		q.operations.removeDeadline(x.place)
		q.finish(id, queue.ResultCanceled)
	case o.Kind == queue.OpPoll:
		switch q.polls.slots[x.poll].Extra.state {
		case due:
			q.polls.remove(x.poll)
			q.finish(id, queue.ResultCanceled)
		case polling:
			err = q.cancel(x.poll)
		}
	case x.underWay:
		err = q.operations.of(id).Cancel(x.op.Handle)
	}
	if err = errors.Join(err, q.nudge()); err != nil {
		return q.FailedFor("cancel", x.op.Handle, err)
	}
	return nil
}
