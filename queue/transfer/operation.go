package transfer

import (
	"errors"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// cancel requests the end of an operation. Its completion follows in any case.
func (t *Transfers) cancel(id queue.OpID) {
	// An error means that the operation has ended, of itself or with the queue.
	_ = t.queue.Cancel(id)
}

// submit submits what s needs. The caller holds mu.
func (s *Stream) submit() {
	t, r := s.page.transfers, s.record()
	if a := t.activityOf(r); len(a.sending) == 0 && len(a.pending) > 0 && a.sendErr == 0 {
		a.sending, a.pending = a.pending, nil
		r.set(quiet, !r.is(full|shut|closing|stopping))
		if a.send = s.start(queue.Op{Kind: queue.OpSend, Data: a.sending, Quiet: r.is(quiet)}, &a.sendErr); a.send == 0 {
			t.keep(a.sending)
			a.sending = nil
		}
	}
	stopped := r.is(closing | stopping)
	s.submitReceive(stopped)
	switch a := t.activityOf(r); {
	case stopped && a.room != 0:
		t.cancel(a.room)
	case !stopped && r.is(full) && a.room == 0 && len(a.sending) == 0:
		a = t.activate(r)
		a.room = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Writable}, &a.sendErr)
	}
	if r.is(closing) {
		if a := t.activityOf(r); len(a.sending) > 0 && a.linger == 0 {
			var ignored int32
			a.linger = s.start(queue.Op{Kind: queue.OpTimeout, After: t.options.Linger}, &ignored)
		}
		s.finish()
	}
}

// submitReceive begins or ends the operation that receives. The caller holds mu.
func (s *Stream) submitReceive(stopped bool) {
	t, r := s.page.transfers, s.record()
	id, a := t.receive(r), t.activityOf(r)
	failure := int32(0)
	switch {
	case stopped && *id != 0:
		if !r.is(canceling) {
			r.set(canceling, !r.is(polls))
			t.cancel(*id)
		}
	case stopped || !r.is(wanted) || *id != 0 || r.is(ended) || a.readErr != 0 || a.first != none:
	case r.is(bulk):
		*id = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Readable, Token: arrivalMark}, &failure)
		r.set(polls, *id != 0)
	default:
		*id = s.start(queue.Op{Kind: queue.OpRecv, Buffers: t.buffers, Multi: true}, &failure)
	}
	if failure != 0 {
		t.activate(r).readErr = failure
	}
}

// start submits an operation of s. If the queue refuses, it stores why in failure.
func (s *Stream) start(op queue.Op, failure *int32) queue.OpID {
	t := s.page.transfers
	op.Handle = s.record().handle
	op.Token |= s.opToken()
	t.op = op
	id, err := t.queue.Submit(&t.op)
	if err == nil {
		return id
	}
	*failure = -int32(syscall.ENOBUFS)
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		*failure = -int32(errno)
	case errors.Is(err, queue.ErrClosed):
		*failure = queue.ResultCanceled
	}
	return 0
}

// complete takes a completion of s and returns what became ready. The caller holds mu.
func (s *Stream) complete(e *queue.Event) queue.Ready {
	ready := s.take(e)
	if r := s.record(); r.is(stopping) && s.page.transfers.idle(r) {
		ready |= queue.Ready(queue.Both) // the caller of Stop waits in either direction
	}
	return ready
}

func (s *Stream) take(e *queue.Event) queue.Ready {
	t, r := s.page.transfers, s.record()
	switch e.Kind {
	case queue.OpRecv:
		return s.received(e)
	case queue.OpSend:
		return s.sent(e)
	case queue.OpPoll:
		if e.Token&arrivalMark != 0 {
			*t.receive(r) = 0
			r.flags &^= polls
			if e.Result == queue.ResultCanceled && !r.is(stopping) {
				return 0
			}
			return queue.Ready(queue.Readable)
		}
		t.activate(r).room = 0
		if r.is(full) && e.Result != queue.ResultCanceled {
			r.flags &^= full
			return queue.Ready(queue.Writable)
		}
	case queue.OpTimeout:
		a := t.activate(r)
		a.linger = 0
		if len(a.sending) > 0 && e.Result == 0 {
			r.flags |= reset
			t.cancel(a.send)
		}
	}
	return 0
}

func (s *Stream) received(e *queue.Event) queue.Ready {
	t, r := s.page.transfers, s.record()
	ready := queue.Ready(0)
	if e.Terminal() {
		*t.receive(r) = 0
		r.flags &^= canceling
	}
	switch {
	case e.Result > 0:
		if r.is(closing) {
			r.flags |= reset
			t.buffers.Return(e.Buffer)
			break
		}
		s.hold(int32(e.Buffer), e.Result)
		ready = queue.Ready(queue.Readable)
	case e.Result == 0:
		r.flags |= ended
		ready = queue.Ready(queue.Readable) | queue.ReadyPeerShut
	case e.Result == queue.ResultNoBuffers:
		r.flags |= bulk // reads of the handle need no buffer
		s.mark()
	case e.Result == queue.ResultCanceled:
		ready = queue.Ready(queue.Readable) // it was canceled at MaxHeld, and the reader may have read all
	default:
		t.activate(r).readErr = e.Result
		ready = queue.Ready(queue.Both) | queue.ReadyError
	}
	if e.Result <= 0 && e.Completion&queue.Provided != 0 {
		t.buffers.Return(e.Buffer)
	}
	return ready
}

// hold keeps a buffer with n unread bytes.
func (s *Stream) hold(id, n int32) {
	t, r := s.page.transfers, s.record()
	a := t.activate(r)
	t.held[id] = held{to: n, next: none}
	if a.last == none {
		a.first = id
	} else {
		t.held[a.last].next = id
	}
	a.last = id
	a.count++
	if a.count >= int32(t.options.MaxHeld) {
		if r.flags |= bulk; t.receiving(r) && !r.is(canceling) {
			r.flags |= canceling
			t.cancel(a.receive)
		}
	}
}

func (s *Stream) sent(e *queue.Event) queue.Ready {
	t, r := s.page.transfers, s.record()
	a := t.activate(r)
	rest := a.sending[min(max(int(e.Result), 0), len(a.sending)):]
	brief := r.is(closing) && t.brief
	if brief && (e.Result > 0 || e.Result == queue.ResultCanceled) {
		rest = rest[s.push(rest):] // cut may have canceled the send before its first try
	}
	short := len(rest) > 0
	t.keep(a.sending)
	a.send, a.sending = 0, nil
	r.flags &^= quiet
	if short {
		switch {
		case r.is(broken): // the caller knows
		case e.Result < 0:
			a.sendErr = e.Result
		default:
			a.sendErr = -int32(syscall.ECONNRESET)
		}
		if r.is(closing) {
			r.flags |= reset // bytes of the caller are lost
		}
		t.keepAll(a)
		r.flags &^= full
		return queue.Ready(queue.Both) | queue.ReadyError
	}
	if brief {
		s.cut()
	} else if len(a.pending) > 0 {
		s.mark()
	} else if r.is(shut) && !r.is(closing) {
		_ = sys.Shutdown(r.handle, sys.ShutWriting) // an error means that the connection is over
	}
	if !r.is(full) {
		return 0
	}
	r.flags &^= full
	return queue.Ready(queue.Writable)
}
