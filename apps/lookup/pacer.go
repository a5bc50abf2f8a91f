package main

import (
	"sync"
	"time"
)

// pacerSlack bounds the time that a pacer makes up for after a delay, since timers are late.
const pacerSlack = 20 * time.Millisecond

// pacer spreads the starts of lookups evenly over time.
type pacer struct {
	interval time.Duration // zero for no limit

	mu   sync.Mutex // guards next
	next time.Time
}

func newPacer(rate int) *pacer {
	if rate == 0 {
		return &pacer{}
	}
	return &pacer{interval: time.Second / time.Duration(rate)}
}

// take returns zero if a lookup may begin now, and otherwise how long the caller must wait before
// it calls take again.
func (p *pacer) take(now time.Time) time.Duration {
	if p.interval == 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if early := now.Add(-pacerSlack); p.next.Before(early) {
		p.next = early
		if p.interval > pacerSlack {
			p.next = now
		}
	}
	if wait := p.next.Sub(now); wait > 0 {
		return wait
	}
	p.next = p.next.Add(p.interval)
	return 0
}
