package resolve

import (
	"context"
	"sync"
)

// Blocking runs the lookup on the thread that calls Start, inside Start, and completes through the
// inbox like every other strategy. That is the cheapest way if the lookup has the answer at hand;
// if not, it stalls a loop. Try does not run the lookup: it has no memory, and always returns
// [ErrWouldBlock].
//
// A deadline, or a Cancel by another goroutine, completes the query at once. Start still returns
// only after the lookup does.
type Blocking struct {
	lookup Lookup
	mu     sync.Mutex
	closed bool
	active map[*Query]context.CancelFunc // bounded by the number of threads in Start
}

// NewBlocking returns a Blocking that runs lookup.
func NewBlocking(lookup Lookup) *Blocking {
	return &Blocking{lookup: lookup, active: map[*Query]context.CancelFunc{}}
}

// Try returns [ErrWouldBlock], or [ErrClosed] after Close.
func (b *Blocking) Try(q Question) (Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return Answer{}, &Error{Op: "blocking", Question: q, Err: ErrClosed}
	}
	return Answer{}, ErrWouldBlock
}

// Start runs the lookup and then returns.
func (b *Blocking) Start(q *Query) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !q.Accept(cancel) {
		return
	}
	b.mu.Lock()
	closed := b.closed
	if !closed {
		b.active[q] = cancel
	}
	b.mu.Unlock()
	if closed {
		q.Finish(Answer{}, &Error{Op: "blocking", Question: q.Question, Err: ErrClosed})
		return
	}
	a, err := b.lookup.ask(ctx, "blocking", q.Question)
	b.mu.Lock()
	delete(b.active, q)
	b.mu.Unlock()
	q.Finish(a, err)
}

// Close completes the queries of lookups that run on other threads with [ErrClosed] and cancels
// their contexts.
func (b *Blocking) Close() error {
	b.mu.Lock()
	active := b.active
	b.closed, b.active = true, map[*Query]context.CancelFunc{}
	b.mu.Unlock()
	for q, cancel := range active {
		q.Finish(Answer{}, &Error{Op: "blocking", Question: q.Question, Err: ErrClosed})
		cancel()
	}
	return nil
}
