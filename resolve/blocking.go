package resolve

import (
	"context"
	"sync"
)

// BlockingOptions sets how a [Blocking] runs its lookups.
type BlockingOptions struct {
	// Uncancelable lookups get context.Background: a lookup runs to its end even if its query has
	// ended. That saves the allocations of a context. A [System] whose context cannot end also
	// needs no goroutine for a lookup, and calls getaddrinfo(3) on the caller's thread if its
	// Resolver does.
	Uncancelable bool
}

// Blocking runs the lookup on the thread that calls Start, inside Start, and completes through the
// inbox like every other strategy. That is the cheapest way if the lookup has the answer at hand;
// if not, it stalls a loop. Try does not run the lookup: it has no memory, and always returns
// [ErrWouldBlock].
//
// A deadline, or a Cancel by another goroutine, completes the query at once. Start still returns
// only after the lookup does.
type Blocking struct {
	lookup  Lookup
	options BlockingOptions
	mu      sync.Mutex
	closed  bool
	active  map[*Query]context.CancelFunc // bounded by the number of threads in Start; nil functions if Uncancelable
}

// NewBlocking returns a Blocking that runs lookup.
func NewBlocking(lookup Lookup) *Blocking { return NewBlockingWith(lookup, BlockingOptions{}) }

// NewBlockingWith is [NewBlocking] with options.
func NewBlockingWith(lookup Lookup, options BlockingOptions) *Blocking {
	return &Blocking{lookup: lookup, options: options, active: map[*Query]context.CancelFunc{}}
}

// Try returns [ErrWouldBlock], or [ErrClosed] after Close.
func (b *Blocking) Try(Question) (Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return Answer{}, errBlockingClosed
	}
	return Answer{}, ErrWouldBlock
}

// errBlockingClosed is the result of Try, which must not allocate.
var errBlockingClosed = &Error{Op: "blocking", Name: "try", Err: ErrClosed}

// Start runs the lookup and then returns.
func (b *Blocking) Start(q *Query) {
	if b.options.Uncancelable {
		if q.Accept(nil) {
			b.run(context.Background(), nil, q)
		}
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if q.Accept(cancel) {
		b.run(ctx, cancel, q)
	}
}

func (b *Blocking) run(ctx context.Context, cancel context.CancelFunc, q *Query) {
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
	var a Answer
	var err error
	returned := false
	// Deferred, because a lookup may end its goroutine.
	defer func() {
		if !returned {
			err = &Error{Op: "blocking", Question: q.Question, Err: errGone}
		}
		b.mu.Lock()
		delete(b.active, q)
		b.mu.Unlock()
		q.Finish(a, err)
	}()
	a, err = b.lookup.ask(ctx, "blocking", q.Question)
	returned = true
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
		if cancel != nil {
			cancel()
		}
	}
	return nil
}
