package iouring

import (
	"errors"
	"fmt"
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
)

// Submit implements [queue.Completer].
func (q *instance) Submit(op *queue.Op) (queue.OpID, error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return 0, q.Closed("submit")
	}
	if err := flight.Check(op); err != nil {
		return 0, q.Failed("submit", err)
	}
	if err := q.admit(1); err != nil {
		return 0, q.Failed("submit", err)
	}
	if err := q.check(op); err != nil {
		return 0, q.Failed("submit", err)
	}
	id, s := q.put(op)
	q.enlist(id, s)
	if err := q.changed(); err != nil {
		q.forget(id, s)
		return 0, q.Failed("submit", err)
	}
	return id, nil
}

// SubmitChain implements [queue.Completer].
func (q *instance) SubmitChain(ops []queue.Op, ids []queue.OpID) error {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return q.Closed("submit")
	}
	if err := flight.CheckChain(ops, ids); err != nil {
		return q.Failed("submit", err)
	}
	if err := q.admit(len(ops)); err != nil {
		return q.Failed("submit", err)
	}
	for i := range ops {
		if err := q.check(&ops[i]); err != nil {
			return q.Failed("submit", fmt.Errorf("chain: operation %d: %w", i, err))
		}
	}
	for i := range ops {
		id, s := q.put(&ops[i])
		ids[i] = id
		if i == 0 {
			q.enlist(id, s)
			continue
		}
		q.detail(s).prev = ids[i-1]
		s.Extra.state |= waiting
		q.detail(q.flight.Of(ids[i-1])).next = id
	}
	if err := q.changed(); err != nil {
		for _, id := range ids {
			q.forget(id, q.flight.Of(id))
		}
		return q.Failed("submit", err)
	}
	return nil
}

// Cancel implements [queue.Completer].
func (q *instance) Cancel(id queue.OpID) error {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return q.Closed("cancel")
	}
	s := q.flight.Of(id)
	if s == nil {
		return q.Failed("cancel", fmt.Errorf("operation %#x is not in flight: %w", uint64(id), queue.ErrNotFound))
	}
	x := &s.Extra
	if x.is(canceled | finished) {
		return nil
	}
	x.state |= canceled
	if x.is(entered) {
		q.cancels = append(q.cancels, id)
	} else {
		q.settleLocally(id, s, queue.ResultCanceled)
	}
	if err := q.changed(); err != nil {
		return q.Failed("cancel", err)
	}
	return nil
}

// admit returns an error unless n operations may be submitted. The caller holds Mu.
func (q *instance) admit(n int) error {
	switch {
	case q.Gate.Closed():
		return queue.ErrClosed
	case !q.Features().Completions:
		return fmt.Errorf("operations need Linux 6.0: %w", errors.ErrUnsupported)
	}
	return q.flight.Room(n)
}

// check returns an error if the queue cannot perform op. The caller holds Mu.
func (q *instance) check(op *queue.Op) error {
	if op.Handle == q.ring.Handle() && op.Kind != queue.OpTimeout {
		return fmt.Errorf("%v on the ring itself: %w", op.Kind, queue.ErrInvalid)
	}
	if op.Buffers != nil {
		b, err := q.buffersOf(op.Buffers)
		if err != nil {
			return err
		}
		if b.closed {
			return fmt.Errorf("buffers: %w", queue.ErrClosed)
		}
	}
	total := uint64(len(op.Data))
	for _, s := range op.Vector {
		total += uint64(len(s))
	}
	if total > math.MaxInt32 {
		return fmt.Errorf("%v: %d bytes, want at most %d: %w", op.Kind, total, math.MaxInt32, queue.ErrInvalid)
	}
	return nil
}
