package main

import (
	"context"
	"errors"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

func serveCoroutines(stack *edgewise.Stack, l *edgewise.Listener) error {
	return stack.Serve(context.Background(), l, func(t *sched.Task, conn *stream.Conn) error {
		buffer, err := stack.NewBuffer(t.Loop())
		if err != nil {
			return err
		}
		defer buffer.Release()
		return echo(t, conn, buffer)
	})
}

// exhaustedPause is how long a connection waits when other connections have used up the shared
// memory. No event reports when memory is free again.
const exhaustedPause = 5 * time.Millisecond

// echo is the whole protocol as straight-line code: it continues where it was after each wait.
func echo(t *sched.Task, conn *stream.Conn, buffer bufstrategy.Buffer) error {
	moved := 0 // since other tasks ran: a small buffer fills and drains several times per turn
	for {
		outcome, n, err := bufstrategy.Fill(buffer, conn, budgetBytes-moved)
		if outcome == bufstrategy.Failed {
			return err
		}
		moved += n
		if err := flush(conn, buffer); err != nil {
			return err
		}
		switch {
		case outcome == bufstrategy.EOF:
			return conn.CloseWrite()
		case outcome == bufstrategy.Drained:
			moved = 0
			err = conn.WaitRead()
		case moved >= budgetBytes || t.Spent():
			moved = 0
			err = t.Yield()
		case errors.Is(err, bufstrategy.ErrExhausted):
			err = t.Sleep(exhaustedPause)
		default: // Full: there is room again, and no event will report the rest
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// flush writes all of buffer, at the speed of the peer. It reads nothing meanwhile: a peer that
// does not read cannot make the server buffer more.
func flush(conn *stream.Conn, buffer bufstrategy.Buffer) error {
	for buffer.Len() > 0 {
		outcome, _, err := bufstrategy.Flush(buffer, conn, 0)
		switch outcome {
		case bufstrategy.Failed:
			return err
		case bufstrategy.Blocked:
			if err := conn.WaitWrite(); err != nil {
				return err
			}
		}
	}
	return nil
}
