package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// reply returns the answer of a sink to the end of the peer's stream: the number of bytes that
// arrived, as a decimal line. The peer can verify that nothing was lost.
func reply(total uint64) []byte { return append(strconv.AppendUint(nil, total, 10), '\n') }

func sinkCoroutines(stack *edgewise.Stack, l *edgewise.Listener) error {
	return stack.Serve(context.Background(), l, func(t *sched.Task, conn *stream.Conn) error {
		buffer, err := stack.NewBuffer(t.Loop())
		if err != nil {
			return err
		}
		defer buffer.Release()
		return sink(t, conn, buffer)
	})
}

// sink reads and discards until the peer ends its stream.
func sink(t *sched.Task, conn *stream.Conn, buffer bufstrategy.Buffer) error {
	var total uint64
	moved := 0 // since other tasks ran
	for {
		outcome, n, err := bufstrategy.Fill(buffer, conn, budgetBytes-moved)
		if outcome == bufstrategy.Failed {
			return err
		}
		moved += n
		total += uint64(n)
		buffer.Discard(buffer.Len())
		if outcome == bufstrategy.EOF {
			if _, err := conn.Write(reply(total)); err != nil {
				return err
			}
			return conn.CloseWrite()
		}
		if err := proceed(t, conn, outcome, &moved, err); err != nil {
			return err
		}
	}
}

func sinkHandlers(stack *edgewise.Stack, l *edgewise.Listener) error {
	return stack.ServeHandlers(context.Background(), l, func(loop *sched.Loop, sock stream.Socket) (sched.Handler, error) {
		buffer, err := stack.NewBuffer(loop)
		if err != nil {
			return nil, err
		}
		return &sinkHandler{handler: handler{link: stream.Link{Socket: sock}, buffer: buffer}}, nil
	})
}

// sinkHandler is sink as a state machine.
type sinkHandler struct {
	handler
	total uint64
	reply []byte // the part that has not been written, after the end of the peer's stream
	ended bool   // by the peer
}

// Step reads until that would block or the budget is spent, and then writes the reply.
func (h *sinkHandler) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	if h.task = t; cause == sched.Started {
		h.link.Begin(t)
	}
	for !h.ended {
		outcome, n, err := bufstrategy.Fill(h.buffer, h, budgetBytes-h.moved)
		h.moved += n
		h.total += uint64(n)
		h.buffer.Discard(h.buffer.Len())
		switch {
		case outcome == bufstrategy.Failed:
			return sched.Done(err)
		case outcome == bufstrategy.EOF:
			h.ended, h.reply = true, reply(h.total)
		case outcome == bufstrategy.Drained:
			h.moved = 0
			return sched.WaitFor(queue.Readable)
		case h.moved >= budgetBytes || t.Spent():
			h.moved = 0
			return sched.Again()
		case errors.Is(err, bufstrategy.ErrExhausted):
			return sched.WaitFor(queue.None).Within(exhaustedPause)
		}
	}
	return h.answer()
}

// answer writes the rest of the reply and ends the stream.
func (h *sinkHandler) answer() sched.Next {
	for len(h.reply) > 0 {
		var segments [1][]byte
		segments[0] = h.reply
		n, err := h.link.TryWritev(segments[:])
		switch {
		case err == sys.ErrWouldBlock:
			return sched.WaitFor(queue.Writable)
		case err != nil:
			return sched.Done(err)
		}
		h.reply = h.reply[n:]
	}
	return sched.Done(h.link.CloseWrite())
}
