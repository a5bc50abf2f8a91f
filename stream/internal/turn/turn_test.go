package turn

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// parked is a caller whose suspension the test controls.
type parked struct {
	started chan func()
	end     chan error
	result  chan error
}

// join lets a caller join the line, and returns once it is suspended.
func join(t *Turn) (*parked, func()) {
	p := &parked{make(chan func(), 1), make(chan error, 1), make(chan error, 1)}
	go func() {
		p.result <- t.Join(func(start func(resume func())) error {
			resumed := make(chan struct{})
			start(func() { close(resumed) })
			p.started <- func() { <-resumed }
			return <-p.end
		})
	}()
	return p, <-p.started
}

func TestCallersGetTheTurnInTheirOrder(t *testing.T) {
	var turn Turn
	require.True(t, turn.Try())
	first, firstResumed := join(&turn)
	second, secondResumed := join(&turn)
	for _, c := range []struct {
		*parked
		resumed func()
	}{{first, firstResumed}, {second, secondResumed}} {
		turn.Give()
		c.resumed()
		c.end <- nil
		require.NoError(t, <-c.result)
		require.False(t, turn.Try(), "the turn is taken")
	}
	turn.Give()
	require.True(t, turn.Try(), "the turn is free")
}

// A caller that is canceled in line leaves it. One that is canceled after it was given the turn
// passes it on.
func TestACanceledCallerHasNoTurn(t *testing.T) {
	canceled := errors.New("canceled")
	var turn Turn
	require.True(t, turn.Try())
	early, _ := join(&turn)
	late, lateResumed := join(&turn)
	last, lastResumed := join(&turn)
	early.end <- canceled
	require.ErrorIs(t, <-early.result, canceled)
	turn.Give()
	lateResumed()
	late.end <- canceled
	require.ErrorIs(t, <-late.result, canceled)
	lastResumed()
	last.end <- nil
	require.NoError(t, <-last.result)
	turn.Give()
	require.True(t, turn.Try(), "the turn is free")
}

func TestOneCallerHasTheTurn(t *testing.T) {
	var turn Turn
	var all sync.WaitGroup
	held, count := false, 0
	const callers, rounds = 8, 1000
	for i := range callers {
		all.Go(func() {
			for range rounds {
				if !turn.Try() {
					if i%2 == 0 {
						turn.Lock()
					} else if err := turn.Join(block); err != nil {
						t.Error(err)
						return
					}
				}
				if held {
					t.Error("two callers have the turn")
				}
				held = true
				count++
				held = false
				turn.Give()
			}
		})
	}
	all.Wait()
	require.Equal(t, callers*rounds, count)
}

func block(start func(resume func())) error {
	resumed := make(chan struct{})
	start(func() { close(resumed) })
	<-resumed
	return nil
}
