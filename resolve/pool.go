package resolve

import (
	"context"
	"errors"
	"sync"
)

// PoolOptions sets the size of a [Pool].
type PoolOptions struct {
	Workers   int // goroutines, at least 1; each runs one lookup at a time
	MaxQueued int // queries waiting for a worker; 0 for none
}

// Pool runs lookups on a fixed number of goroutines, which NewPool starts and Close ends. If all
// workers are busy, queries wait in a FIFO queue. If MaxQueued queries wait, further ones complete
// with [ErrQueueFull].
//
// A query that is canceled or times out completes at once: it leaves the queue, or the context of
// its lookup is canceled. A lookup that ignores its context keeps its worker, but not its query.
type Pool struct {
	lookup Lookup
	max    int
	done   sync.WaitGroup

	mu     sync.Mutex
	work   sync.Cond
	queue  queryList
	idle   int               // workers not in a lookup
	active map[*Query]func() // cancel functions of the queries in lookups; at most one per worker
	closed bool
}

// NewPool returns a Pool and starts its workers.
func NewPool(lookup Lookup, options PoolOptions) (*Pool, error) {
	if options.Workers < 1 || options.MaxQueued < 0 {
		return nil, errors.New("resolve: pool: want at least 1 worker and MaxQueued of at least 0")
	}
	p := &Pool{lookup: lookup, max: options.MaxQueued, idle: options.Workers, active: make(map[*Query]func(), options.Workers)}
	p.work.L = &p.mu
	for range options.Workers {
		p.done.Go(p.run)
	}
	return p, nil
}

// Try returns [ErrWouldBlock], or [ErrClosed] after Close.
func (p *Pool) Try(q Question) (Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Answer{}, poolError(q, ErrClosed)
	}
	return Answer{}, ErrWouldBlock
}

// Start queues the query for a worker.
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
		// Canceled since Accept. Later cancellations find the query in the queue, because release
		// takes mu.
		return nil
	case p.queue.n >= p.max+p.idle:
		return ErrQueueFull
	}
	p.queue.pushBack(q)
	p.work.Signal()
	return nil
}

// release removes a query that was canceled or timed out, and cancels its lookup.
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

// take waits for a query. It returns nil if the pool is closed.
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

// Close completes all queries that are queued or in flight with [ErrClosed], cancels the contexts
// of their lookups, and makes the workers end. It does not wait for the workers: see [Pool.Wait].
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

	// Finish the queries first: a lookup that observes its context would report a cancellation.
	for _, q := range ended {
		q.Finish(Answer{}, poolError(q.Question, ErrClosed))
	}
	for _, cancel := range cancels {
		cancel()
	}
	return nil
}

// Wait returns after every worker has ended, which takes as long as the slowest lookup that ignores
// its context. Event loops must not call it.
func (p *Pool) Wait() { p.done.Wait() }

func poolError(q Question, cause error) error { return &Error{Op: "pool", Question: q, Err: cause} }
