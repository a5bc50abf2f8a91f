package resolvetest

import (
	"sync"
	"time"
)

// timers are timers that fire only when the case fires them.
type timers struct {
	t T

	mu  sync.Mutex
	set []*timer
}

type timer struct {
	d       time.Duration
	f       func()
	stopped bool
}

func (ts *timers) after(d time.Duration, f func()) (stop func() bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := &timer{d: d, f: f}
	ts.set = append(ts.set, t)
	return func() bool {
		ts.mu.Lock()
		defer ts.mu.Unlock()
		was := t.stopped
		t.stopped = true
		return !was
	}
}

// running returns the timers that have been neither stopped nor fired.
func (ts *timers) running() []*timer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var running []*timer
	for _, t := range ts.set {
		if !t.stopped {
			running = append(running, t)
		}
	}
	return running
}

// fire fires the only running timer, which must have been set to d.
func (ts *timers) fire(d time.Duration) {
	ts.t.Helper()
	running := ts.running()
	if len(running) != 1 || running[0].d != d {
		ts.t.Fatalf("%d timers are running, want one, set to %v", len(running), d)
	}
	ts.mu.Lock()
	running[0].stopped = true
	ts.mu.Unlock()
	running[0].f()
}
