package iouring

import (
	"math"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

// operation is what the queue keeps of an operation in flight besides the common fields. It refers
// to all memory that the kernel uses: an address in a submission is no reference.
type operation struct {
	// A connection that waits for bytes needs no details, and there are many of them.
	*details
	buffers *buffers

	handle   int32
	moved    int32 // bytes that earlier submissions of this operation moved
	result   int32 // of a completion that waits for another one of the kernel
	state    uint16
	tries    uint8
	interest queue.Interest
}

// details are the fields that only some operations have. The others share one that stays empty;
// see detail.
type details struct {
	data    []byte
	vector  [][]byte
	message *sys.Message
	memory  *sys.IoUringMessage // header, segments and address of the submission, if it has any

	prev, next queue.OpID    // the neighbours in a chain; prev is zero once it has succeeded
	left       time.Duration // of OpTimeout that has not begun
	end        time.Duration // of OpTimeout that has begun, as the time since instance.born
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
	held                          // operation.result is the terminal one, once the kernel has ended the request
)

func (o *operation) is(b uint16) bool { return o.state&b != 0 }

// record is an operation in the table.
type record = flight.Op[operation]

// put stores an operation that check has accepted. The caller holds Mu.
func (q *instance) put(op *queue.Op) (queue.OpID, *record) {
	id, s := q.flight.Put(op)
	x := &s.Extra
	x.details, x.interest = &q.empty, op.Interest
	if op.Data != nil || op.Vector != nil || op.Message != nil || op.Kind == queue.OpTimeout {
		d := q.detail(x)
		d.data, d.vector, d.message, d.left = op.Data, op.Vector, op.Message, op.After
		if d.vector != nil {
			d.data = nil
		}
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
	if op.Quiet && x.state&zeroCopy == 0 && x.vector == nil && q.skip != 0 {
		x.state |= quietly
	}
	return id, s
}

// detail returns details of x that may be changed. The caller holds Mu.
func (q *instance) detail(x *operation) *details {
	if x.details == &q.empty {
		if n := len(q.details); n > 0 {
			x.details, q.details = q.details[n-1], q.details[:n-1]
		} else {
			x.details = new(details)
		}
	}
	return x.details
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
	if x.details != &q.empty {
		*x.details = details{}
		q.details = append(q.details, x.details)
	}
	q.flight.Drop(id)
}
