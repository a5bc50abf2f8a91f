package main

import "sync"

// bell wakes the one task that waits for it. A ring before the wait ends the wait at once.
type bell struct {
	mu     sync.Mutex // guards the fields below
	rung   bool
	resume func() // of the task that waits; nil if none does
}

// ring wakes the task, now or at its next wait.
func (b *bell) ring() {
	b.mu.Lock()
	f := b.resume
	b.resume, b.rung = nil, f == nil
	b.mu.Unlock()
	if f != nil {
		f()
	}
}

// wait suspends the task until the next ring.
func (b *bell) wait(suspend func(start func(resume func())) error) error {
	return suspend(func(resume func()) {
		b.mu.Lock()
		rung := b.rung
		b.rung = false
		if !rung {
			b.resume = resume
		}
		b.mu.Unlock()
		if rung {
			resume()
		}
	})
}
