package resolve

import (
	"context"
	"errors"
	"sync"
)

// PoolOptions sizes a [Pool].
type PoolOptions struct {
	Workers   int // goroutines, at least 1; each runs one lookup at a time
	MaxQueued int // queries that wait for a worker; 0 for none
}

// Pool runs lookups on a fixed number of goroutines, which NewPool starts and Close ends. Queries
// beyond the workers wait in a queue, first come first served; beyond MaxQueued they complete with
// [ErrQueueFull].
//
// A query that is canceled or times out completes at once: it leaves the queue, or its lookup's
// context is canceled. A lookup that does not heed its context keeps its worker, not its query.
type Pool struct {
	lookup Lookup
	max    int
	done   sync.WaitGroup

	mu     sync.Mutex
	work   sync.Cond
	queue  queryList
	idle   int               // workers that are not in a lookup
	active map[*Query]func() // the lookups in flight, and what cancels each; at most one a worker
	closed bool
}

// NewPool starts the workers.
func NewPool(lookup Lookup, options PoolOptions) (*Pool, error) {
	if options.Workers < 1 || options.MaxQueued < 0 {
		return nil, errors.New("resolve: a pool needs at least one worker and a queue of at least 0")
	}
	p := &Pool{lookup: lookup, max: options.MaxQueued, idle: options.Workers, active: make(map[*Query]func(), options.Workers)}
	p.work.L = &p.mu
	for range options.Workers {
		p.done.Go(p.run)
	}
	return p, nil
}

// Try returns [ErrWouldBlock], or [ErrClosed].
func (p *Pool) Try(q Question) (Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Answer{}, poolError(q, ErrClosed)
	}
	return Answer{}, ErrWouldBlock
}

// Start queues the query.
func (p *Pool) Start(q *Query) {
	if !q.Accept(func() { p.release(q) }) {
		return
	}
	if cause := p.enqueue(q); cause != nil {
		q.Finish(Answer{}, poolError(q.Question, cause))
	}
}

func (p *Pool) enqueue(q *Query) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case q.Finished():
		// Canceled between Accept and here. Later cancellations find it in the queue, because
		// release takes mu.
		return nil
	case p.queue.n >= p.max+p.idle:
		return ErrQueueFull
	}
	p.queue.pushBack(q)
	p.work.Signal()
	return nil
}

// release lets go of a query that was canceled or timed out.
func (p *Pool) release(q *Query) {
	p.mu.Lock()
	p.queue.remove(q)
	cancel := p.active[q]
	p.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

func (p *Pool) run() {
	for {
		q, ctx, cancel := p.take()
		if q == nil {
			return
		}
		a, err := p.lookup.ask(ctx, "pool", q.Question)
		cancel()
		p.mu.Lock()
		delete(p.active, q)
		p.idle++
		p.mu.Unlock()
		q.Finish(a, err)
	}
}

// take waits for a query; nil means that the pool is closed.
func (p *Pool) take() (*Query, context.Context, context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.queue.n == 0 && !p.closed {
		p.work.Wait()
	}
	if p.closed {
		return nil, nil, nil
	}
	q := p.queue.popFront()
	ctx, cancel := context.WithCancel(context.Background())
	p.active[q] = cancel
	p.idle--
	return q, ctx, cancel
}

// Close completes what is queued or in flight with [ErrClosed], cancels the contexts of the
// lookups, and tells the workers to end. It does not wait for them: see [Pool.Wait].
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	var ended []*Query
	for q := p.queue.popFront(); q != nil; q = p.queue.popFront() {
		ended = append(ended, q)
	}
	var cancels []func()
	for q, cancel := range p.active {
		ended = append(ended, q)
		cancels = append(cancels, cancel)
	}
	p.work.Broadcast()
	p.mu.Unlock()

	// Finished first: a lookup that heeds its context would report that it was canceled.
	for _, q := range ended {
		q.Finish(Answer{}, poolError(q.Question, ErrClosed))
	}
	for _, cancel := range cancels {
		cancel()
	}
	return nil
}

// Wait returns when every worker has ended, which takes as long as the slowest lookup that does not
// heed its context. It is not for event loops.
func (p *Pool) Wait() { p.done.Wait() }

func poolError(q Question, cause error) error { return &Error{Op: "pool", Question: q, Err: cause} }
