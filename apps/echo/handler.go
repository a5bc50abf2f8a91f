package main

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

func serveHandlers(stack *edgewise.Stack, l *edgewise.Listener) error {
	return stack.ServeHandlers(context.Background(), l, func(loop *sched.Loop, sock stream.Socket) (sched.Handler, error) {
		buffer, err := stack.NewBuffer(loop)
		if err != nil {
			return nil, err
		}
		return &handler{link: stream.Link{Socket: sock}, buffer: buffer}, nil
	})
}

// handler is the protocol as a state machine: between two steps only these fields remain.
type handler struct {
	link   stream.Link
	buffer bufstrategy.Buffer
	task   sched.HandlerTask
	last   bufstrategy.Outcome // of the last Fill: what to do when the buffer is empty
	failed error               // the error of last, if the outcome has one
	moved  int                 // bytes read since other tasks ran
}

// TryReadv makes the handler a source that can report, through its task, when a short read is as
// good as would-block.
func (h *handler) TryReadv(segs [][]byte) (int, error) { return h.link.TryReadv(segs) }

// ShortReadDrains is called after a short read.
func (h *handler) ShortReadDrains() bool { return h.link.ShortReadDrains(&h.task) }

// Step reads and writes until one of the two would block or the budget is spent.
func (h *handler) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	if h.task = t; cause == sched.Started {
		h.link.Begin(t)
	}
	for {
		if h.buffer.Len() == 0 {
			var n int
			h.last, n, h.failed = bufstrategy.Fill(h.buffer, h, budgetBytes-h.moved)
			h.moved += n
			if h.last == bufstrategy.Failed {
				return sched.Done(h.failed)
			}
		}
		switch outcome, _, err := bufstrategy.Flush(h.buffer, &h.link, 0); outcome {
		case bufstrategy.Failed:
			return sched.Done(err)
		case bufstrategy.Blocked:
			return sched.WaitFor(queue.Writable)
		}
		switch {
		case h.last == bufstrategy.EOF:
			return sched.Done(h.link.CloseWrite())
		case h.last == bufstrategy.Drained:
			h.moved = 0
			return sched.WaitFor(queue.Readable)
		case h.moved >= budgetBytes || t.Spent():
			h.moved = 0
			return sched.Again()
		case errors.Is(h.failed, bufstrategy.ErrExhausted):
			return sched.WaitFor(queue.None).Within(exhaustedPause)
		}
	}
}

// End closes the connection, for whatever reason it ended.
func (h *handler) End(error) {
	h.buffer.Release()
	h.link.Close()
}
