package iocp

import (
	"errors"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

// arrived handles the packet of an operation. The caller holds Mu.
func (q *instance) arrived(data uintptr) {
	id, o := q.operations.find(data)
	if o == nil {
		return
	}
	q.returned(o)
	result, again := q.ended(id, &o.Extra)
	if again {
		q.begin(id)
		return
	}
	q.finish(id, result)
}

// returned counts an Overlapped that the kernel has returned.
func (q *instance) returned(o *flight.Op[operation]) {
	o.Extra.underWay = false
	q.operations.underWay--
	q.detach(o.Extra.op.Handle)
}

// received ends an OpRecv with Buffers that can receive without blocking. again is true if another
// call took the bytes.
func (x *operation) received() (result int32, again bool) {
	id, ok := x.pool.Take()
	if !ok {
		return queue.ResultNoBuffers, false
	}
	n, err := sys.Recv(x.op.Handle, x.pool.Bytes(id))
	if n > 0 && err == nil {
		x.buffer, x.provided = id, true
		return int32(n), false
	}
	x.pool.Return(id)
	switch err {
	case nil:
		return 0, false
	case sys.ErrWouldBlock:
		return 0, true
	}
	return resultOf(err), false
}

// ended takes the outcome of an operation whose packet has arrived. again is true if it has to
// begin again.
func (q *instance) ended(id queue.OpID, x *operation) (result int32, again bool) {
	overlapped, h := q.operations.of(id), x.op.Handle
	n, err := overlapped.Result(h)
	switch x.op.Kind {
	case queue.OpRecv:
		switch {
		case err == errShutdown:
			return 0, false
		case x.pool != nil && err == nil && x.canceled:
			return queue.ResultCanceled, false // the bytes are still in the socket
		case x.pool != nil && err == nil:
			return x.received()
		}
	case queue.OpRecvMessage:
		if err == nil || err == errMessageSize {
			overlapped.ReceivedMessage(x.op.Message, n, err != nil)
			return int32(x.op.Message.N), false
		}
	case queue.OpAccept:
		if err == nil {
			err = sys.FinishAccept(h, x.accepted)
		}
		if err == nil {
			return int32(x.accepted), false
		}
		closeSocket(&x.accepted)
		if sys.ClassOf(err) == sys.ClassDisconnected && !x.canceled {
			return 0, true // this peer has left; a peer must not be able to end an accept
		}
	case queue.OpConnect:
		if n = 0; err == nil {
			err = sys.FinishConnect(h)
		}
	}
	switch {
	case err == nil:
		return int32(n), false
	case n > 0 && (x.op.Kind == queue.OpSend || x.op.Kind == queue.OpRecv && err == errAborted):
		return int32(n), false // the next operation returns the error
	}
	return resultOf(err), false
}

// polled handles the packet of the poll of an OpPoll. The caller holds Mu.
func (q *instance) polled(i int32, broken bool) outcome {
	id := q.polls.slots[i].Extra.op
	x := &q.operations.table.Of(id).Extra
	found, err := q.polls.poll(i).Result()
	switch {
	case broken:
		q.finish(id, -int32(errNotSocket))
		return nothing
	case err != nil:
		q.finish(id, resultOf(err))
		return nothing
	case found&sys.AFDLocalClose != 0:
		q.finish(id, queue.ResultCanceled)
		return nothing
	}
	ready := readyOf(found)
	ready &^= ready & queue.Ready(queue.Both) &^ queue.Ready(x.op.Interest)
	switch {
	case ready != 0:
		q.finish(id, int32(ready))
	case x.canceled:
		q.finish(id, queue.ResultCanceled)
	default: // the poll was canceled from outside the queue
		if result, ended := q.performPoll(id, x); ended {
			q.finish(id, result)
		}
		return stale
	}
	return nothing
}

// finish makes the completion of an operation available to Wait. Then it begins the next operation
// of the chain, or cancels the rest of it. The caller holds Mu.
func (q *instance) finish(id queue.OpID, result int32) {
	for {
		o := q.operations.table.Of(id)
		o.Extra.result, o.Extra.phase = result, finished
		q.operations.push(id)
		succeeded := o.Extra.succeeded()
		id = o.Extra.successor
		if o = q.operations.table.Of(id); o == nil || o.Extra.phase != waiting {
			return // no chain, or the successor was canceled
		}
		result = queue.ResultCanceled
		if succeeded {
			var ended bool
			if result, ended = q.perform(id, o); !ended {
				return
			}
		}
	}
}

// succeeded reports whether the next operation of a chain may begin.
func (x *operation) succeeded() bool {
	switch x.op.Kind {
	case queue.OpRecv:
		if x.pool != nil {
			return x.result > 0
		}
		return int64(x.result) == length(&x.op)
	case queue.OpSend:
		return int64(x.result) == length(&x.op)
	}
	return x.result >= 0
}

// continues reports whether this completion is not the last of the operation.
func (x *operation) continues() bool {
	if !x.op.Multi || x.canceled || x.result < 0 {
		return false
	}
	return x.op.Kind != queue.OpRecv || x.result > 0 // not after the end of the stream
}

// takeFinished stores completions in events and returns their number. The caller holds Mu.
func (q *instance) takeFinished(events []queue.Event) int {
	n := 0
	for n < len(events) && q.operations.first != none {
		id, o := q.operations.pop()
		events[n] = q.take(id, o)
		n++
	}
	return n
}

// take returns the completion of a finished operation. It ends the operation, or begins it again.
func (q *instance) take(id queue.OpID, o *flight.Op[operation]) queue.Event {
	x := &o.Extra
	e := queue.Event{Token: o.Token, Completion: queue.Completed, Kind: o.Kind, Result: x.result}
	if x.provided {
		e.Completion |= queue.Provided
		e.Buffer = x.buffer
	}
	x.provided, x.accepted = false, sys.Invalid // they are the caller's now
	if x.continues() {
		e.Completion |= queue.More
		q.begin(id)
		return e
	}
	q.drop(id, x)
	return e
}

// drop frees an operation that is not under way.
func (q *instance) drop(id queue.OpID, x *operation) {
	if x.pool != nil {
		x.pool.Leave()
	}
	if x.poll != none {
		q.polls.giveBack(x.poll)
	}
	q.operations.table.Drop(id)
}

// nudge makes a blocked Wait look again, if there is a completion that no Wait returns, or a
// deadline for which none of them wakes up. The caller holds Mu.
func (q *instance) nudge() error {
	late := len(q.operations.deadlines) > 0 && q.punctual == 0
	if q.blocked == 0 || q.nudged || !late && q.operations.first == none {
		return nil
	}
	err := sys.PortPost(q.port, keyNudge, 0)
	q.nudged = err == nil
	return err
}

// resultOf returns the result of an operation that failed with err.
func resultOf(err error) int32 {
	var errno syscall.Errno
	switch {
	case !errors.As(err, &errno):
		errno = syscall.EINVAL
	case errno == errAborted:
		return queue.ResultCanceled
	}
	return -int32(errno)
}

// The error numbers of Windows with a meaning of their own here (winerror.h, winsock2.h).
const (
	errAborted      = syscall.ERROR_OPERATION_ABORTED
	errNotSocket    = syscall.Errno(10038) // WSAENOTSOCK
	errMessageSize  = syscall.Errno(10040) // WSAEMSGSIZE
	errReset        = syscall.Errno(10054) // WSAECONNRESET
	errShutdown     = syscall.Errno(10058) // WSAESHUTDOWN
	errNotSupported = syscall.Errno(10045) // WSAEOPNOTSUPP
)
