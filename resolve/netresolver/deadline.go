package netresolver

import (
	"sync"
	"time"
)

// deadline is a channel that is closed at a time, which can change.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{} // guarded by mu
}

func newDeadline() deadline { return deadline{passed: make(chan struct{})} }

// wait returns the channel.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

// set changes the time. Zero is none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed // the function of the timer is running, and does not need mu
	}
	d.timer = nil
	closed := isClosed(d.passed)
	if t.IsZero() {
		if closed {
			d.passed = make(chan struct{})
		}
		return
	}
	left := time.Until(t)
	if left <= 0 {
		if !closed {
			close(d.passed)
		}
		return
	}
	if closed {
		d.passed = make(chan struct{})
	}
	passed := d.passed
	d.timer = time.AfterFunc(left, func() { close(passed) })
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
