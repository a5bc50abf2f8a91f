package resolvetest

import (
	"sync"
	"time"
)

// timers are timers that fire only when the case fires them.
type timers struct {
	mu  sync.Mutex
	all []*timer
}

type timer struct {
	d    time.Duration
	f    func()
	over bool // stopped or fired
}

func (ts *timers) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := &timer{d: d, f: f}
	ts.all = append(ts.all, t)
	return func() bool {
		ts.mu.Lock()
		defer ts.mu.Unlock()
		was := !t.over
		t.over = true
		return was
	}
}

// running returns the timers that have been neither stopped nor fired.
func (ts *timers) running() []*timer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var running []*timer
	for _, t := range ts.all {
		if !t.over {
			running = append(running, t)
		}
	}
	return running
}

// fire fires the timers that are running, and returns how many were.
func (ts *timers) fire() int {
	due := ts.running()
	ts.mu.Lock()
	for _, t := range due {
		t.over = true
	}
	ts.mu.Unlock()
	for _, t := range due {
		t.f()
	}
	return len(due)
}

// fireOne fires the only running timer, which must have been set to d.
func (ts *timers) fireOne(t T, d time.Duration) {
	t.Helper()
	if running := ts.running(); len(running) != 1 || running[0].d != d {
		t.Fatalf("%d timers are running, want one, set to %v", len(running), d)
	}
	ts.fire()
}

// last returns the delay of the timer armed last, or 0.
func (ts *timers) last() time.Duration {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.all) == 0 {
		return 0
	}
	return ts.all[len(ts.all)-1].d
}
