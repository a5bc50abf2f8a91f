package main

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// exhaustedPause is how long a connection waits when the memory that all share is used up by
// others. No event tells when it is free again.
const exhaustedPause = 5 * time.Millisecond

// echo is the whole protocol in straight-line form: it goes on where it was after each wait.
func echo(t *sched.Task, conn *stream.Conn, buffer bufstrategy.Buffer) error {
	moved := 0 // since others had their turn; a buffer smaller than the budget is full, and empty again, several times in one
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
		default: // Full: there is room again, and no event will come for what is left in the socket
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// flush writes all of buffer, at the speed of the peer. Meanwhile nothing is read: who does not
// take cannot give.
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
