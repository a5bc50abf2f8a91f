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
		if outcome == bufstrategy.EOF {
			return conn.CloseWrite()
		}
		if err := proceed(t, conn, outcome, &moved, err); err != nil {
			return err
		}
	}
}

// proceed does what comes after a Fill that has neither failed nor reached the end: it waits for
// more, or lets other tasks run. moved counts the bytes since other tasks ran. failed is the error
// of the Fill.
func proceed(t *sched.Task, conn *stream.Conn, outcome bufstrategy.Outcome, moved *int, failed error) error {
	switch {
	case outcome == bufstrategy.Drained:
		*moved = 0
		return conn.WaitRead()
	case *moved >= budgetBytes || t.Spent():
		*moved = 0
		return t.Yield()
	case errors.Is(failed, bufstrategy.ErrExhausted):
		return t.Sleep(exhaustedPause)
	}
	return nil // Full: there is room again, and no event will report the rest
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
