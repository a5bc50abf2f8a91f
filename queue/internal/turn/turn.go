// Package turn admits only one call into a mechanism at a time. The other calls wait for their
// turn, in order, each up to its timeout.
package turn

import "time"

// Turn is held by at most one caller. Use New.
type Turn struct {
	free   chan struct{} // holds a token while no caller has the turn
	ended  chan struct{}
	timers chan *time.Timer // unused timers
}

// timersMax is the number of timers kept for later calls with a timeout. The garbage collector
// frees all others.
const timersMax = 64

// New returns a free turn.
func New() *Turn {
	t := &Turn{free: make(chan struct{}, 1), ended: make(chan struct{}), timers: make(chan *time.Timer, timersMax)}
	t.free <- struct{}{}
	return t
}

// Take waits until no other caller has the turn, takes it and returns true. It returns false if the
// timeout passes or End is called first. A negative timeout waits indefinitely, zero does not wait.
// The caller that has the turn must call Release.
func (t *Turn) Take(timeout time.Duration) bool {
	select {
	case <-t.free:
		return true
	default:
	}
	if timeout == 0 {
		return false
	}
	var expired <-chan time.Time
	if timeout > 0 {
		timer := t.timer(timeout)
		defer t.keep(timer)
		expired = timer.C
	}
	select {
	case <-t.free:
		return true
	case <-t.ended:
	case <-expired:
	}
	return false
}

// timer returns a running timer. A sync.Pool would do, except that under the race detector it drops
// items at random.
func (t *Turn) timer(d time.Duration) *time.Timer {
	select {
	case timer := <-t.timers:
		timer.Reset(d)
		return timer
	default:
		return time.NewTimer(d)
	}
}

func (t *Turn) keep(timer *time.Timer) {
	timer.Stop()
	select {
	case t.timers <- timer:
	default:
	}
}

// Release undoes Take.
func (t *Turn) Release() { t.free <- struct{}{} }

// End makes the waiting calls give up. A free turn can still be taken. End must be called only
// once.
func (t *Turn) End() { close(t.ended) }
