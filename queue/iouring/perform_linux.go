package iouring

import (
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// The marks of user data that belongs to an operation. They take bits of the lower half, which is
// the handle in the data of a poll: a handle is less than 2^31. An OpID has its slot there, which
// is less than flight.Max.
const (
	operationMark = uint64(1 << 31) // the submission of an operation
	cancelOpMark  = uint64(1 << 30) // with operationMark: the cancellation of one
)

// startOperations stores the submissions of all listed operations, and the cancellations. The
// caller holds Mu, and its thread may enter the ring.
func (q *instance) startOperations() error {
	done := 0
	var err error
	for _, id := range q.backlog {
		if err = q.startChain(id); err != nil {
			break
		}
		done++
	}
	q.backlog = shifted(q.backlog, done)
	if err != nil {
		return err
	}
	done = 0
	for _, id := range q.cancels {
		if s := q.flight.Of(id); s != nil && s.Extra.is(entered) {
			data := uint64(id) | operationMark
			if err = q.push(sys.IoUringSQE{Opcode: sys.IoUringCancel, Flags: q.skip, Addr: data, UserData: data | cancelOpMark}); err != nil {
				break
			}
		}
		done++
	}
	q.cancels = shifted(q.cancels, done)
	return err
}

// shifted returns ids without the first n, in the same memory.
func shifted(ids []queue.OpID, n int) []queue.OpID {
	if n == 0 {
		return ids
	}
	return ids[:copy(ids, ids[n:])]
}

// startChain stores the submission of an operation, and those of its successors that the kernel can
// start after it. The caller holds Mu.
func (q *instance) startChain(id queue.OpID) error {
	for head := true; ; head = false {
		s := q.flight.Of(id)
		if s == nil || !s.Extra.is(backlogged) {
			return nil // canceled before it began
		}
		x := &s.Extra
		if x.is(finished) {
			x.state &^= backlogged
			return nil
		}
		e, err := q.request(id, s)
		if err != nil {
			errno, ok := err.(syscall.Errno)
			if !ok {
				errno = syscall.EINVAL
			}
			x.state &^= backlogged
			q.settleLocally(id, s, -int32(errno))
			return nil
		}
		d := q.detailsOf(s)
		next := q.linked(s)
		if next != nil {
			if head && q.ring.Room() < 2 { // later the kernel would get a link without the request that it links
				if err := q.handOver(); err != nil {
					return err
				}
			}
			if q.ring.Room() < 2 {
				next = nil // the queue starts it later
			}
		}
		if next != nil {
			e.Flags |= sys.IoUringLink
		}
		silently := x.is(quietly) && d.prev == 0 && d.next == 0 && !x.is(file|polled1st)
		if silently {
			e.Flags |= q.skip
			e.OpFlags |= sys.IoUringSendNow
		}
		if err := q.pushOperation(e, s); err != nil {
			return err
		}
		x.state = x.state&^backlogged | entered
		q.inside++
		if silently {
			x.state |= skipping
			q.silents = append(q.silents, silence{id, q.ring.Pushed()})
		}
		if next == nil {
			return nil
		}
		next.state = next.state&^waiting | backlogged
		id = d.next
	}
}

// linked returns the successor of an operation if the kernel can decide when it begins. It does so
// after kinds that fail in the kernel exactly when they fail in the contract. The queue itself
// starts the successors of kinds that may take long, because the kernel cannot cancel a request
// that waits for another one. The caller holds Mu.
func (q *instance) linked(s *record) *operation {
	nextID := q.detailsOf(s).next
	if nextID == 0 || s.Extra.is(file|polled1st|zeroCopy) {
		return nil
	}
	switch s.Kind {
	case queue.OpSend, queue.OpSendMessage, queue.OpConnect, queue.OpClose:
	default:
		return nil
	}
	next := q.flight.Of(nextID)
	if next == nil || !next.Extra.is(waiting) {
		return nil
	}
	switch next.Kind {
	case queue.OpConnect, queue.OpSendMessage:
		return nil // its address may prove wrong, and the request before it would be linked to another one
	}
	if b := q.buffersFor(&next.Extra); b != nil && !b.registered {
		return nil
	}
	return &next.Extra
}

// pushOperation is push for the submission of s. The caller holds Mu.
func (q *instance) pushOperation(e sys.IoUringSQE, s *record) error {
	if s.Kind != queue.OpTimeout {
		return q.push(e)
	}
	d := q.detail(s)
	now := time.Since(q.born)
	if d.end == 0 {
		d.end = now + min(d.left, timeoutMax)
	}
	left := max(0, d.end-now)
	if q.ring.PushTimeout(e, left) {
		return nil
	}
	if err := q.handOver(); err != nil {
		return err
	}
	if !q.ring.PushTimeout(e, left) {
		return syscall.EBUSY
	}
	return nil
}

// timeoutMax keeps sums of times in range; it is 146 years.
const timeoutMax = time.Duration(1 << 62)

// request returns the submission of an operation. An error is the result of the operation. The
// caller holds Mu.
func (q *instance) request(id queue.OpID, s *record) (sys.IoUringSQE, error) {
	handle := q.handleOf(s)
	e := sys.IoUringSQE{Fd: handle, UserData: uint64(id) | operationMark}
	switch s.Kind {
	case queue.OpRecv:
		return e, q.recvRequest(&e, s)
	case queue.OpSend:
		q.sendRequest(&e, s)
	case queue.OpRecvMessage:
		e.Opcode, e.Len, e.OpFlags = sys.IoUringRecvMsg, 1, sys.IoUringRecvMessageFlags
		m := q.memory(s)
		m.Receive(q.detailsOf(s).message)
		e.Addr = m.Header()
	case queue.OpSendMessage:
		e.Opcode, e.Len, e.OpFlags = sys.IoUringSendMsg, 1, sys.IoUringSendMessageFlags
		m := q.memory(s)
		if err := m.Send(sys.Handle(handle), q.detailsOf(s).message); err != nil {
			return e, err
		}
		e.Addr = m.Header()
	case queue.OpAccept:
		e.Opcode, e.OpFlags = sys.IoUringAccept, sys.IoUringAcceptFlags
		if s.Multi {
			e.Priority = sys.IoUringAcceptMulti
		}
	case queue.OpConnect:
		m := q.memory(s)
		size, err := m.Peer(sys.Handle(handle), q.detailsOf(s).message)
		if err != nil {
			return e, err
		}
		e.Opcode, e.Addr, e.Offset = sys.IoUringConnect, m.Name(), size
	case queue.OpPoll:
		pollOperation(&e, s.Extra.interest, s.Multi || s.Extra.is(persistent))
	case queue.OpClose:
		e.Opcode = sys.IoUringClose
	case queue.OpTimeout:
		e.Fd, e.OpFlags = -1, sys.IoUringTimeoutSuccess
	}
	return e, nil
}

func pollOperation(e *sys.IoUringSQE, i queue.Interest, lasting bool) {
	e.Opcode, e.OpFlags = sys.IoUringPollAdd, sys.IoUringPollMask(uint32(uint16(polling.Bits(i))))
	if lasting {
		e.Len = sys.IoUringPollMulti
	}
}

// recvRequest fills in a receive. The caller holds Mu.
func (q *instance) recvRequest(e *sys.IoUringSQE, s *record) error {
	x, d := &s.Extra, q.detailsOf(s)
	b := q.buffersFor(x)
	switch {
	case x.is(polled1st):
		pollOperation(e, queue.Readable, false)
		return nil
	case b != nil:
		if err := b.register(); err != nil {
			return err
		}
		e.Opcode, e.Flags, e.BufferGroup = sys.IoUringRecv, sys.IoUringBufferSelect, b.ring.Group()
		if x.is(file) {
			e.Opcode, e.Offset, e.Len = sys.IoUringRead, sys.NoOffset, uint32(b.size)
		} else if s.Multi {
			e.Priority = sys.IoUringRecvMulti
		}
		return nil
	case d.vector == nil || x.is(file):
		p := d.rest()
		e.Opcode, e.Addr, e.Len = sys.IoUringRecv, sys.IoUringAddress(p), uint32(len(p))
		if x.is(file) {
			e.Opcode, e.Offset = sys.IoUringRead, sys.NoOffset
		}
		return nil
	}
	m := q.memory(s)
	m.Segments(d.vector, 0)
	e.Opcode, e.Len, e.Addr = sys.IoUringRecvMsg, 1, m.Header()
	return nil
}

// sendRequest fills in a send. The caller holds Mu.
func (q *instance) sendRequest(e *sys.IoUringSQE, s *record) {
	x, d := &s.Extra, q.detailsOf(s)
	switch {
	case x.is(polled1st):
		pollOperation(e, queue.Writable, false)
	case d.vector == nil || x.is(file):
		p := d.rest()
		e.Opcode, e.Addr, e.Len, e.OpFlags = sys.IoUringSend, sys.IoUringAddress(p), uint32(len(p)), sys.IoUringSendFlags
		if x.is(zeroCopy) {
			e.Opcode = sys.IoUringSendZC
		}
		if x.is(file) {
			e.Opcode, e.Offset, e.OpFlags = sys.IoUringWrite, sys.NoOffset, 0
		}
	default:
		m := q.memory(s)
		m.Segments(d.vector, int(d.moved))
		e.Opcode, e.Len, e.OpFlags, e.Addr = sys.IoUringSendMsg, 1, sys.IoUringSendFlags, m.Header()
	}
}

// rest returns the bytes of the operation that are not moved yet, or as many of them as are in one
// piece.
func (d *details) rest() []byte {
	if d.vector == nil {
		return d.data[d.moved:]
	}
	skip := int(d.moved)
	for _, s := range d.vector {
		if len(s) > skip {
			return s[skip:]
		}
		skip -= len(s)
	}
	return nil
}

// size returns the number of bytes of the operation.
func (d *details) size() (n int) {
	if d.vector == nil {
		return len(d.data)
	}
	for _, s := range d.vector {
		n += len(s)
	}
	return n
}

// memory returns the memory of an operation for what its submission refers to. The caller holds Mu.
func (q *instance) memory(s *record) *sys.IoUringMessage {
	d := q.detail(s)
	if d.memory == nil {
		if n := len(q.memories); n > 0 {
			d.memory, q.memories = q.memories[n-1], q.memories[:n-1]
		} else {
			d.memory = new(sys.IoUringMessage)
		}
	}
	return d.memory
}
