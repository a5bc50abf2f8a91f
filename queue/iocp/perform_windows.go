package iocp

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/sys"
)

// begin starts an operation. If it ends at once, its completion is for the next Wait. The caller
// holds Mu.
func (q *instance) begin(id queue.OpID) {
	if result, ended := q.perform(id, q.operations.table.Of(id)); ended {
		q.finish(id, result)
	}
}

// perform starts an operation and returns its result if it has ended at once. The caller holds Mu.
func (q *instance) perform(id queue.OpID, o *flight.Op[operation]) (result int32, ended bool) {
	x := &o.Extra
	x.phase = running
	switch o.Kind {
	case queue.OpTimeout:
		q.addDeadline(id, x)
		return 0, false
	case queue.OpPoll:
		return q.performPoll(id, x)
	case queue.OpClose:
		if err := sys.Close(x.op.Handle); err != nil {
			return resultOf(err), true
		}
		delete(q.operations.handles, x.op.Handle)
		return 0, true
	}
	if err := q.attach(x.op.Handle); err != nil {
		return resultOf(err), true
	}
	result, ended = q.issue(id, x)
	if ended {
		q.detach(x.op.Handle)
	} else {
		x.underWay = true
		q.operations.underWay++
	}
	return result, ended
}

// issue starts an operation of an attached handle.
func (q *instance) issue(id queue.OpID, x *operation) (result int32, ended bool) {
	overlapped, h := q.operations.of(id), x.op.Handle
	var err error
	switch x.op.Kind {
	case queue.OpRecv:
		switch {
		case x.pool != nil:
			err = overlapped.Recv(h)
		case x.op.Vector != nil:
			err = overlapped.Recv(h, x.op.Vector...)
		default:
			err = overlapped.Recv(h, x.op.Data)
		}
		if err == errShutdown {
			return 0, true
		}
	case queue.OpSend:
		if x.op.Vector != nil {
			err = overlapped.Send(h, x.op.Vector...)
		} else {
			err = overlapped.Send(h, x.op.Data)
		}
	case queue.OpRecvMessage:
		if err = overlapped.RecvMessage(h, x.op.Message); err == errMessageSize {
			// If its packet comes nevertheless, the operation is not under way, and find ignores
			// it.
			overlapped.ReceivedMessage(x.op.Message, 0, true)
			return int32(x.op.Message.N), true
		}
	default:
		return q.issueByProvider(overlapped, x)
	}
	if err != nil {
		return resultOf(err), true
	}
	return 0, false
}

// issueByProvider starts an operation that depends on the family or the type of the socket.
func (q *instance) issueByProvider(overlapped *sys.Overlapped, x *operation) (result int32, ended bool) {
	h := x.op.Handle
	p, err := q.provider(h)
	switch {
	case err != nil:
	case x.op.Kind == queue.OpSendMessage:
		err = overlapped.SendMessage(h, p.Family, x.op.Message)
	case x.op.Kind == queue.OpAccept && p.Datagram:
		err = errNotSupported
	case x.op.Kind == queue.OpAccept:
		err = x.accept(overlapped, p.Family)
	case p.Datagram: // the address of a datagram socket is set at once
		err = sys.Connect(h, x.op.Message.Addr)
		ended = true
	default:
		err = overlapped.Connect(h, p.Family, x.op.Message.Addr)
	}
	if err != nil {
		return resultOf(err), true
	}
	return 0, ended
}

// acceptsMax bounds how many connections that their peers have reset an accept passes over at once.
const acceptsMax = 16

// accept starts an OpAccept.
func (x *operation) accept(overlapped *sys.Overlapped, f sys.Family) (err error) {
	if x.accepted, err = sys.Socket(f); err != nil {
		return err
	}
	for range acceptsMax {
		if err = overlapped.Accept(x.op.Handle, x.accepted); err != errReset {
			break
		}
	}
	if err != nil {
		closeSocket(&x.accepted)
	}
	return err
}

// closeSocket closes a socket that the caller of the queue never gets. Nothing was sent, so Close
// has nothing to report.
func closeSocket(h *sys.Handle) {
	_ = sys.Close(*h)
	*h = sys.Invalid
}

// performPoll starts the poll of an OpPoll, or makes it due like that of a registration. The caller
// holds Mu.
func (q *instance) performPoll(id queue.OpID, x *operation) (result int32, ended bool) {
	if x.poll == none {
		base, err := baseOf(x.op.Handle)
		if err != nil {
			return resultOf(err), true
		}
		i, err := q.polls.take(q.port)
		if err != nil {
			return resultOf(err), true
		}
		q.polls.slots[i] = slot{Extra: extra{handle: x.op.Handle, base: base, op: id}}
		q.polls.slots[i].Armed = x.op.Interest
		x.poll = i
	}
	if q.blocked == 0 {
		q.polls.push(x.poll)
		return 0, false
	}
	if err := q.start(x.poll); err != nil {
		return resultOf(err), true
	}
	return 0, false
}
