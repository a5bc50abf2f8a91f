package iouring

import (
	"math"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

// operation holds the fields of an operation in flight besides the common ones. The common Link is
// the handle, or the number of the details if the operation has some.
//
// A connection that waits for bytes needs no details, and there are many of them. Without pointers,
// the garbage collector does not scan their operations.
type operation struct {
	group    uint16 // 1 + the number of the Buffers, or zero
	state    uint16
	tries    uint8
	interest queue.Interest
}

// details are the fields that only some operations have. The others share one that stays empty;
// see detailsOf. They refer to all memory that the kernel uses, besides Buffers: an address in a
// submission is no reference.
type details struct {
	data    []byte
	vector  [][]byte
	message *sys.Message
	memory  *sys.IoUringMessage // header, segments and address of the submission, if it has any

	prev, next queue.OpID    // the neighbours in a chain; prev is zero once it has succeeded
	left       time.Duration // of OpTimeout that has not begun
	end        time.Duration // of OpTimeout that has begun, as the time since instance.born

	handle int32
	moved  int32 // bytes that earlier submissions of this operation moved
	result int32 // of a completion that waits for another one of the kernel
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
	quietly                       // Op.Quiet, and no submission has failed
	skipping                      // in the kernel, which completes only a failure; see quiet_linux.go
	partial                       // a silent submission has failed, perhaps after a part
	held                          // details.result is the terminal one, once the kernel has ended the request
	detailed                      // the common Link is the number of the details
)

func (o *operation) is(b uint16) bool { return o.state&b != 0 }

// record is an operation in the table.
type record = flight.Op[operation]

// put stores an operation that check has accepted. The caller holds Mu.
func (q *instance) put(op *queue.Op) (queue.OpID, *record) {
	id, s := q.flight.Put(op)
	x := &s.Extra
	x.interest = op.Interest
	s.Link = -1 // the kernel returns EBADF for a number that no handle has
	if op.Handle <= math.MaxInt32 {
		s.Link = int32(op.Handle)
	}
	if op.Data != nil || op.Vector != nil || op.Message != nil || op.Kind == queue.OpTimeout {
		d := q.detail(s)
		d.data, d.vector, d.message, d.left = op.Data, op.Vector, op.Message, op.After
		if d.vector != nil {
			d.data = nil
		}
	}
	if b, ok := op.Buffers.(*buffers); ok {
		x.group = b.ring.Group() + 1
		b.enter()
	}
	if op.ZeroCopy && op.Vector == nil && q.zeroCopy {
		x.state |= zeroCopy
	}
	if op.Quiet && x.state&zeroCopy == 0 && op.Vector == nil && q.skip != 0 {
		x.state |= quietly
	}
	return id, s
}

// detailsOf returns the details of an operation, or empty ones that must not be changed. The caller
// holds Mu.
func (q *instance) detailsOf(s *record) *details {
	if s.Extra.is(detailed) {
		return q.details.At(uint32(s.Link))
	}
	return &q.empty
}

// detail returns the details of an operation, which has some from now on. The caller holds Mu.
func (q *instance) detail(s *record) *details {
	if s.Extra.is(detailed) {
		return q.details.At(uint32(s.Link))
	}
	i, d := q.details.Take()
	d.handle, s.Link = s.Link, int32(i)
	s.Extra.state |= detailed
	return d
}

// handleOf returns the handle of an operation. The caller holds Mu.
func (q *instance) handleOf(s *record) int32 {
	if s.Extra.is(detailed) {
		return q.details.At(uint32(s.Link)).handle
	}
	return s.Link
}

// buffersFor returns the Buffers of an operation, or nil. Buffers with operations in flight do not
// close. The caller holds Mu.
func (q *instance) buffersFor(x *operation) *buffers {
	if x.group == 0 {
		return nil
	}
	return q.groups[x.group-1]
}

// enlist makes the next Wait submit an operation. The caller holds Mu.
func (q *instance) enlist(id queue.OpID, s *record) {
	s.Extra.state |= backlogged
	q.backlog = append(q.backlog, id)
}

// settleLocally makes the next Wait return the terminal completion of an operation that is not in
// the kernel. The caller holds Mu.
func (q *instance) settleLocally(id queue.OpID, s *record, result int32) {
	s.Extra.state = s.Extra.state&^waiting | finished
	q.detail(s).result = result
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
	if b := q.buffersFor(&s.Extra); b != nil {
		b.leave()
	}
	if s.Extra.is(detailed) {
		if m := q.details.At(uint32(s.Link)).memory; m != nil {
			m.Clear()
			q.memories = append(q.memories, m)
		}
		q.details.Give(uint32(s.Link))
	}
	q.flight.Drop(id)
}
