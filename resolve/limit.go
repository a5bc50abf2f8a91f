package resolve

import (
	"container/list"
	"fmt"
	"sync"
	"time"
)

// The defaults of [LimitOptions].
const (
	DefaultLimitInFlight = 1024
	DefaultLimitQueued   = 65536
)

// LimitOptions sets the bounds of a [Limit]. Zero fields mean the defaults.
type LimitOptions struct {
	MaxInFlight int // queries with the next strategy
	MaxQueued   int // queries waiting for one of those to finish; negative for none
}

// LimitStats holds the counters of a [Limit].
type LimitStats struct {
	InFlight, Queued int    // now
	Waited           uint64 // queries that had to wait
	Refused          uint64 // queries that completed with [ErrQueueFull]
}

// Limit lets a bounded number of queries be in flight with the next strategy. Further queries wait
// in a bounded FIFO queue, and beyond that complete with [ErrQueueFull]. The order is that of
// arrival alone: it is not fair across names, so put a [Coalesce] around a Limit.
//
// A query that is canceled or times out leaves the queue, or its place in flight, at once. The next
// strategy may still be busy with it. A query that had waited starts on the goroutine that finished
// another one. If the next strategy is a [Blocking], that goroutine waits for its lookup.
type Limit struct {
	next           Strategy
	max, maxQueued int
	leave          func(*Query, Answer, error) // created once, so that Start does not allocate it

	mu       sync.Mutex
	inFlight int
	queue    list.List // of *limitWait
	moving   bool      // a goroutine starts queries from the queue
	closed   bool
	stats    LimitStats
}

// limitWait is a query in the queue of a Limit.
type limitWait struct {
	succession
	place *list.Element // nil if it is not in the queue; guarded by Limit.mu
}

// NewLimit returns a Limit in front of next. A negative MaxInFlight is an error.
func NewLimit(options LimitOptions, next Strategy) (*Limit, error) {
	if options.MaxInFlight < 0 {
		return nil, fmt.Errorf("resolve: limit: %d queries in flight: want 0 for the default, or more", options.MaxInFlight)
	}
	if options.MaxInFlight == 0 {
		options.MaxInFlight = DefaultLimitInFlight
	}
	if options.MaxQueued == 0 {
		options.MaxQueued = DefaultLimitQueued
	}
	l := &Limit{next: next, max: options.MaxInFlight, maxQueued: max(options.MaxQueued, 0)}
	l.leave = func(*Query, Answer, error) {
		l.mu.Lock()
		l.inFlight--
		l.mu.Unlock()
		l.move()
	}
	return l, nil
}

// Try calls Try of the next strategy. It is not limited.
func (l *Limit) Try(q Question) (Answer, error) { return l.next.Try(q) }

// Start starts the query with the next strategy, or queues it.
func (l *Limit) Start(q *Query) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		l.next.Start(q)
		return
	}
	if l.inFlight < l.max && l.queue.Len() == 0 {
		l.inFlight++
		l.mu.Unlock()
		q.OnFinish(l.leave)
		l.next.Start(q)
		return
	}
	l.mu.Unlock()
	l.wait(q)
}

// wait queues q. It asks by way of another query, because the queue has accepted q.
func (l *Limit) wait(q *Query) {
	w := &limitWait{succession: succession{q: q}}
	if !q.Accept(func() { l.release(w) }) {
		return
	}
	if cause := l.enqueue(w); cause != nil {
		q.Finish(Answer{}, &Error{Op: "limit", Question: q.Question, Err: cause})
		return
	}
	l.move()
}

func (l *Limit) enqueue(w *limitWait) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case w.q.Finished(): // canceled since Accept; release has found it in no queue
		return nil
	case l.closed:
		return ErrClosed
	case l.queue.Len() >= l.maxQueued+l.max-l.inFlight:
		l.stats.Refused++
		return ErrQueueFull
	}
	l.stats.Waited++
	w.place = l.queue.PushBack(w)
	return nil
}

// release removes a query that was canceled or timed out from the queue, or from the next strategy.
func (l *Limit) release(w *limitWait) {
	l.mu.Lock()
	if w.place != nil {
		l.queue.Remove(w.place)
		w.place = nil
	}
	l.mu.Unlock()
	w.stop()
}

// move starts queued queries while there is room. Only one goroutine does so at a time: a query
// that completes inside Start must not start the next one on top of it.
func (l *Limit) move() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.moving {
		return
	}
	l.moving = true
	for l.inFlight < l.max && l.queue.Len() > 0 {
		w := l.queue.Remove(l.queue.Front()).(*limitWait)
		w.place = nil
		l.inFlight++
		l.mu.Unlock()
		started := w.ask(l.next, time.Time{}, func(_ *Query, a Answer, err error) {
			l.mu.Lock()
			l.inFlight--
			l.mu.Unlock()
			w.q.Finish(a, err)
			l.move()
		})
		l.mu.Lock()
		if !started {
			l.inFlight--
		}
	}
	l.moving = false
}

// Stats returns the counters.
func (l *Limit) Stats() LimitStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.InFlight, s.Queued = l.inFlight, l.queue.Len()
	return s
}

// Close completes the queued queries with [ErrClosed] and closes the next strategy, which completes
// the others.
func (l *Limit) Close() error {
	l.mu.Lock()
	l.closed = true
	var ended []*Query
	for l.queue.Len() > 0 {
		w := l.queue.Remove(l.queue.Front()).(*limitWait)
		w.place = nil
		ended = append(ended, w.q)
	}
	l.mu.Unlock()
	for _, q := range ended {
		q.Finish(Answer{}, &Error{Op: "limit", Question: q.Question, Err: ErrClosed})
	}
	return l.next.Close()
}
