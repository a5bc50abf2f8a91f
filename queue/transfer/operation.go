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
	t := s.transfers
	if s.slotGone() {
		return
	}
	if len(s.sending) == 0 && len(s.pending) > 0 && s.sendErr == 0 {
		s.sending, s.pending = s.pending, nil
		s.quiet = !s.full && !s.shut && !s.closing && !s.stopping
		if s.send = s.start(queue.Op{Kind: queue.OpSend, Data: s.sending, Quiet: s.quiet}, &s.sendErr); s.send == 0 {
			t.keep(s.sending)
			s.sending = nil
		}
	}
	stopped := s.closing || s.stopping
	switch {
	case stopped && s.receive != 0 && !s.canceling:
		s.canceling = true
		t.cancel(s.receive)
	case stopped && s.arrival != 0:
		t.cancel(s.arrival)
	case stopped || !s.wanted || s.receive != 0 || s.arrival != 0 || s.ended || s.readErr != 0 || s.first != none:
	case s.bulk:
		s.arrival = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Readable, Token: arrivalMark}, &s.readErr)
	default:
		s.receive = s.start(queue.Op{Kind: queue.OpRecv, Buffers: t.buffers, Multi: true}, &s.readErr)
	}
	switch {
	case stopped && s.room != 0:
		t.cancel(s.room)
	case !stopped && s.full && s.room == 0 && len(s.sending) == 0:
		s.room = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Writable}, &s.sendErr)
	}
	if s.closing {
		if len(s.sending) > 0 && s.linger == 0 {
			var ignored int32
			s.linger = s.start(queue.Op{Kind: queue.OpTimeout, After: t.options.Linger}, &ignored)
		}
		s.finish()
	}
}

func (s *Stream) slotGone() bool { return s.transfers.slots[s.index].stream != s }

// start submits an operation of s. If the queue refuses, it stores why in failure.
func (s *Stream) start(op queue.Op, failure *int32) queue.OpID {
	t := s.transfers
	op.Handle = s.handle
	op.Token |= t.tokenOf(s)
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
	if s.stopping && s.idle() {
		ready |= queue.Ready(queue.Both) // the caller of Stop waits in either direction
	}
	return ready
}

func (s *Stream) take(e *queue.Event) queue.Ready {
	switch e.Kind {
	case queue.OpRecv:
		return s.received(e)
	case queue.OpSend:
		return s.sent(e)
	case queue.OpPoll:
		if e.Token&arrivalMark != 0 {
			s.arrival = 0
			if e.Result == queue.ResultCanceled && !s.stopping {
				return 0
			}
			return queue.Ready(queue.Readable)
		}
		s.room = 0
		if s.full && e.Result != queue.ResultCanceled {
			s.full = false
			return queue.Ready(queue.Writable)
		}
	case queue.OpTimeout:
		s.linger = 0
		if len(s.sending) > 0 && e.Result == 0 {
			s.reset = true
			s.transfers.cancel(s.send)
		}
	}
	return 0
}

func (s *Stream) received(e *queue.Event) queue.Ready {
	t := s.transfers
	ready := queue.Ready(0)
	if e.Terminal() {
		s.receive, s.canceling = 0, false
	}
	switch {
	case e.Result > 0:
		id := int32(e.Buffer)
		if s.closing {
			s.reset = true
			t.buffers.Return(e.Buffer)
			break
		}
		t.held[id] = held{to: e.Result, next: none}
		if s.last == none {
			s.first = id
		} else {
			t.held[s.last].next = id
		}
		s.last = id
		s.count++
		if s.count >= int32(t.options.MaxHeld) {
			if s.bulk = true; s.receive != 0 && !s.canceling {
				s.canceling = true
				t.cancel(s.receive)
			}
		}
		ready = queue.Ready(queue.Readable)
	case e.Result == 0:
		s.ended = true
		ready = queue.Ready(queue.Readable) | queue.ReadyPeerShut
	case e.Result == queue.ResultNoBuffers:
		s.bulk = true // reads of the handle need no buffer
		s.mark()
	case e.Result == queue.ResultCanceled:
		ready = queue.Ready(queue.Readable) // it was canceled at MaxHeld, and the reader may have read all
	default:
		s.readErr = e.Result
		ready = queue.Ready(queue.Both) | queue.ReadyError
	}
	if e.Result <= 0 && e.Completion&queue.Provided != 0 {
		t.buffers.Return(e.Buffer)
	}
	return ready
}

func (s *Stream) sent(e *queue.Event) queue.Ready {
	t := s.transfers
	rest := s.sending[min(max(int(e.Result), 0), len(s.sending)):]
	brief := s.closing && t.brief
	if brief && (e.Result > 0 || e.Result == queue.ResultCanceled) {
		rest = rest[s.push(rest):] // cut may have canceled the send before its first try
	}
	short := len(rest) > 0
	t.keep(s.sending)
	s.send, s.sending, s.quiet = 0, nil, false
	if short {
		switch {
		case s.broken: // the caller knows
		case e.Result < 0:
			s.sendErr = e.Result
		default:
			s.sendErr = -int32(syscall.ECONNRESET)
		}
		s.reset = s.reset || s.closing // bytes of the caller are lost
		t.keepAll(s)
		s.full = false
		return queue.Ready(queue.Both) | queue.ReadyError
	}
	if brief {
		s.cut()
	} else if len(s.pending) > 0 {
		s.mark()
	} else if s.shut && !s.closing {
		_ = sys.Shutdown(s.handle, sys.ShutWriting) // an error means that the connection is over
	}
	ready := queue.Ready(0)
	if s.full {
		s.full = false
		ready = queue.Ready(queue.Writable)
	}
	return ready
}
