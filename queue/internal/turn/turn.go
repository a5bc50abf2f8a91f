// Package turn lets calls into a mechanism one at a time: the others wait for their turn, in order,
// as long as they like to.
package turn

import "time"

// Turn is had by one at a time. Use New.
type Turn struct {
	free   chan struct{} // holds a token while nobody has the turn
	ended  chan struct{}
	timers chan *time.Timer // that nobody uses
}

// timersMax is how many timers are kept for the next who wait with a timeout; more are left to the
// collector.
const timersMax = 64

// New returns a turn that nobody has.
func New() *Turn {
	t := &Turn{free: make(chan struct{}, 1), ended: make(chan struct{}), timers: make(chan *time.Timer, timersMax)}
	t.free <- struct{}{}
	return t
}

// Take waits until nobody else has the turn, and reports false when the timeout has passed or End
// was called before. A negative timeout waits for ever, zero does not wait. Who has the turn must
// call Release.
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

// timer returns a timer that runs. A sync.Pool would do, but for the race detector, under which it
// forgets some at random.
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

// End makes those who wait give up. A turn that is free can still be taken. It must be called once
// only.
func (t *Turn) End() { close(t.ended) }
