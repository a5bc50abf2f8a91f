package iouring

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

// operation is what the queue keeps of an operation in flight besides the common fields. It refers
// to all memory that the kernel uses: an address in a submission is no reference.
type operation struct {
	data    []byte
	vector  [][]byte
	message *sys.Message
	buffers *buffers
	memory  *sys.IoUringMessage // header, segments and address of the submission, if it has any

	prev, next queue.OpID    // the neighbours in a chain; prev is zero once it has succeeded
	left       time.Duration // of OpTimeout that has not begun
	end        time.Duration // of OpTimeout that has begun, as the time since instance.born
	handle     int32
	moved      int32 // bytes that earlier submissions of this operation moved
	result     int32 // of a completion that waits for another one of the kernel
	state      uint16
	tries      uint8
	interest   queue.Interest
}

// The bits of operation.state.
const (
	backlogged uint16 = 1 << iota // in instance.backlog
	entered                       // in the kernel
	waiting                       // for its predecessor in a chain
	finished                      // in instance.local: its terminal completion needs no kernel
	canceled                      // by Cancel
	doomed                        // its predecessor in a chain has failed
	zeroCopy                      // to be sent with zero copy
	file                          // the handle is no socket
	polled1st                     // the submission polls until the handle is ready for the operation
	persistent                    // the poll is a lasting one, although the operation is not Multi
	suspect                       // its completion may be lost; see reclaim
	held                          // operation.result is the terminal one, once the kernel has ended the request
)

func (o *operation) is(b uint16) bool { return o.state&b != 0 }

// record is an operation in the table.
type record = flight.Op[operation]

// Submit implements [queue.Completer].
func (q *instance) Submit(op *queue.Op) (queue.OpID, error) {
	if err := flight.Check(op); err != nil {
		return 0, q.Failed("submit", err)
	}
	q.Mu.Lock()
	defer q.Mu.Unlock()
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
	if err := flight.CheckChain(ops, ids); err != nil {
		return q.Failed("submit", err)
	}
	q.Mu.Lock()
	defer q.Mu.Unlock()
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
		s.Extra.prev = ids[i-1]
		s.Extra.state |= waiting
		q.flight.Of(ids[i-1]).Extra.next = id
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
		q.settleLocally(id, x, queue.ResultCanceled)
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

// put stores an operation that check has accepted. The caller holds Mu.
func (q *instance) put(op *queue.Op) (queue.OpID, *record) {
	id, s := q.flight.Put(op)
	x := &s.Extra
	x.data, x.vector, x.message, x.interest, x.left = op.Data, op.Vector, op.Message, op.Interest, op.After
	if x.vector != nil {
		x.data = nil
	}
	x.handle = -1 // the kernel returns EBADF for a number that no handle has
	if op.Handle <= math.MaxInt32 {
		x.handle = int32(op.Handle)
	}
	if op.Buffers != nil {
		x.buffers, _ = op.Buffers.(*buffers)
		x.buffers.enter()
	}
	if op.ZeroCopy && x.vector == nil && q.zeroCopy {
		x.state |= zeroCopy
	}
	return id, s
}

// enlist makes the next Wait submit an operation. The caller holds Mu.
func (q *instance) enlist(id queue.OpID, s *record) {
	s.Extra.state |= backlogged
	q.backlog = append(q.backlog, id)
}

// settleLocally makes the next Wait return the terminal completion of an operation that is not in
// the kernel. The caller holds Mu.
func (q *instance) settleLocally(id queue.OpID, x *operation, result int32) {
	x.state = x.state&^waiting | finished
	x.result = result
	q.local = append(q.local, id)
}

// changed makes a running Wait take what is listed. After an error, nothing listed is in the
// kernel. The caller holds Mu.
func (q *instance) changed() error {
	if q.Nested {
		// Leave a failure to the next Wait, which returns the error: the kernel may have taken a
		// part.
		_ = q.settle()
		if len(q.local) == 0 {
			return nil
		}
	}
	return q.Interrupt()
}

// forget ends an operation without a completion. The caller holds Mu.
func (q *instance) forget(id queue.OpID, s *record) {
	x := &s.Extra
	if x.buffers != nil {
		x.buffers.leave()
	}
	if x.memory != nil {
		x.memory.Clear()
		q.memories = append(q.memories, x.memory)
	}
	q.flight.Drop(id)
}
