package resolve

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// PoolOptions sets the size of a [Pool].
type PoolOptions struct {
	Workers   int // goroutines, at least 1; each runs one lookup at a time
	MaxQueued int // queries waiting for a worker; 0 for none

	// MaxSpares is how many further goroutines may take the places of workers whose lookups ignore
	// their context: such a lookup runs on after its query has been canceled or has timed out. A
	// spare starts when that happens, and one of the two ends when the lookup returns. Zero for
	// none.
	MaxSpares int

	// SlowAfter is how long a lookup may take before its name counts as slow. It keeps workers free
	// for fast names; see [Pool]. Zero for no difference between names.
	SlowAfter time.Duration
	Clock     func() time.Time // time.Now if nil; used with SlowAfter
}

// PoolStats holds the counters of a [Pool].
type PoolStats struct {
	Running int    // lookups now
	Queued  int    // queries waiting for a worker now
	Lost    int    // running lookups whose query has ended, because they ignore their context
	Spares  int    // lost lookups whose worker has been replaced
	Slow    int    // running lookups that are slow
	Panics  uint64 // lookups that panicked
	Refused uint64 // queries that completed with [ErrQueueFull]
}

// Pool runs lookups on a fixed number of goroutines, which NewPool starts and Close ends. If all
// workers are busy, queries wait in a FIFO queue. If MaxQueued queries wait, further ones complete
// with [ErrQueueFull].
//
// A query that is canceled or times out completes at once: it leaves the queue, or the context of
// its lookup is canceled. A lookup that ignores its context keeps its worker, but not its query.
// With MaxSpares, another worker takes its place.
//
// With SlowAfter, slow names cannot occupy the whole pool. The pool remembers whether the last
// lookup of a name was fast or slow, for up to [MaxPoolNames] names. A name is slow from the moment
// its lookup exceeds SlowAfter. Slow names occupy at most (Workers+1)/2 workers. Slow and unknown
// names together occupy at most all workers except one, and at most half of the queue. So the
// names that others invent, whatever their servers do, leave a worker for the names in use. Each
// of the three kinds has a FIFO queue, and they take turns.
type Pool struct {
	lookup    Lookup
	max       int
	maxSpares int
	slowAfter time.Duration
	clock     func() time.Time
	done      sync.WaitGroup

	mu     sync.Mutex
	work   sync.Cond
	lanes  lanes
	names  speeds
	young  list.List           // of *poolJob, in the order of their begin: the running lookups that are not slow
	idle   int                 // workers not in a lookup
	active map[*Query]*poolJob // at most one per worker and spare
	closed bool
	stats  PoolStats
}

// poolJob is a lookup that runs. Guarded by Pool.mu.
type poolJob struct {
	q      *Query
	ctx    context.Context
	cancel context.CancelFunc
	begin  time.Time
	speed  speed         // of the name when the lookup began; slow from the moment the lookup is
	young  *list.Element // its place in Pool.young, or nil
	lost   bool          // q has ended
	spare  bool          // another worker has taken the place of the one that runs the lookup
}

// NewPool returns a Pool and starts its workers.
func NewPool(lookup Lookup, options PoolOptions) (*Pool, error) {
	if options.Workers < 1 || options.MaxQueued < 0 || options.SlowAfter < 0 || options.MaxSpares < 0 {
		return nil, errors.New("resolve: pool: want at least 1 worker, and no other option below 0")
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	p := &Pool{lookup: lookup, max: options.MaxQueued, maxSpares: options.MaxSpares, slowAfter: options.SlowAfter, clock: options.Clock,
		idle: options.Workers, active: make(map[*Query]*poolJob, options.Workers)}
	p.lanes = newLanes(options.Workers)
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
		return Answer{}, errPoolClosed
	}
	return Answer{}, ErrWouldBlock
}

// errPoolClosed is the result of Try, which must not allocate.
var errPoolClosed = &Error{Op: "pool", Name: "try", Err: ErrClosed}

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
	if p.closed {
		return ErrClosed
	}
	if q.Finished() {
		// Canceled since Accept. Later cancellations find the query in the queue, because release
		// takes mu.
		return nil
	}
	p.age()
	of := p.speedOf(q)
	if p.lanes.queued() >= p.max+p.idle || of != speedFast && p.lanes.others() >= (p.max+1)/2+p.idle {
		p.stats.Refused++
		return ErrQueueFull
	}
	p.lanes.push(q, of)
	p.work.Signal()
	return nil
}

// speedOf returns the lane of q. Without SlowAfter every name is fast.
func (p *Pool) speedOf(q *Query) speed {
	if p.slowAfter == 0 {
		return speedFast
	}
	return p.names.of(q.Question.Name)
}

// age marks the lookups that have become slow. The caller holds mu.
func (p *Pool) age() {
	if p.slowAfter == 0 || p.young.Len() == 0 {
		return
	}
	now := p.clock()
	for e := p.young.Front(); e != nil; e = p.young.Front() {
		job := e.Value.(*poolJob)
		if now.Sub(job.begin) <= p.slowAfter {
			return
		}
		p.young.Remove(e)
		job.young = nil
		p.lanes.running[job.speed]--
		job.speed = speedSlow
		p.lanes.running[speedSlow]++
		p.names.note(job.q.Question.Name, speedSlow)
	}
}

// release removes a query that was canceled or timed out, and cancels its lookup.
func (p *Pool) release(q *Query) {
	p.mu.Lock()
	p.lanes.remove(q)
	job := p.active[q]
	if job != nil {
		p.lose(job)
	}
	p.mu.Unlock()
	if job != nil {
		job.cancel()
	}
}

// lose counts a lookup whose query has ended, and replaces its worker. The caller holds mu.
func (p *Pool) lose(job *poolJob) {
	if job.lost {
		return
	}
	job.lost = true
	p.stats.Lost++
	if p.stats.Spares < p.maxSpares && !p.closed {
		job.spare = true
		p.stats.Spares++
		p.leave(job)
		p.done.Go(p.run)
	}
}

// leave frees the place of a lookup. The caller holds mu.
func (p *Pool) leave(job *poolJob) {
	p.idle++
	p.lanes.running[job.speed]--
	if job.young != nil {
		p.young.Remove(job.young)
		job.young = nil
	}
}

func (p *Pool) run() {
	for {
		job := p.take()
		if job == nil {
			return
		}
		p.serve(job)
		if job.spare { // written before finished, which serve calls
			return
		}
	}
}

// serve runs a lookup. If the lookup ends its goroutine, the query fails and another worker starts.
func (p *Pool) serve(job *poolJob) {
	a, err := Answer{}, poolError(job.q.Question, errGone)
	returned := false
	defer func() {
		job.cancel()
		p.finished(job, err)
		job.q.Finish(a, err)
		if !returned && !job.spare {
			p.done.Go(p.run)
		}
	}()
	a, err = p.lookup.ask(job.ctx, "pool", job.q.Question)
	returned = true
}

// finished frees the worker of a lookup that has ended with err, and notes its speed.
func (p *Pool) finished(job *poolJob, err error) {
	var panicked *PanicError
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age()
	delete(p.active, job.q)
	if job.spare {
		p.stats.Spares--
	} else {
		p.leave(job)
	}
	// A lookup whose query has ended may have been cut short.
	if p.slowAfter > 0 && !job.lost && p.clock().Sub(job.begin) <= p.slowAfter {
		p.names.note(job.q.Question.Name, speedFast)
	}
	if job.lost {
		p.stats.Lost--
	}
	if errors.As(err, &panicked) {
		p.stats.Panics++
	}
}

// take waits for a query. It returns nil if the pool is closed.
func (p *Pool) take() *poolJob {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.closed {
			return nil
		}
		p.age()
		if q := p.lanes.pop(p.speedOf); q != nil {
			return p.begin(q)
		}
		p.work.Wait()
	}
}

// begin makes a job of q. The caller holds mu.
func (p *Pool) begin(q *Query) *poolJob {
	job := &poolJob{q: q, speed: p.speedOf(q)}
	job.ctx, job.cancel = context.WithCancel(context.Background())
	if p.slowAfter > 0 {
		job.begin = p.clock()
		if job.speed != speedSlow {
			job.young = p.young.PushBack(job)
		}
	}
	p.active[q] = job
	p.idle--
	p.lanes.running[job.speed]++
	return job
}

// Stats returns the counters.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age()
	s := p.stats
	s.Running, s.Queued, s.Slow = len(p.active), p.lanes.queued(), p.lanes.running[speedSlow]
	return s
}

// Close completes all queries that are queued or in flight with [ErrClosed], cancels the contexts
// of their lookups, and makes the workers end. It does not wait for the workers: see [Pool.Wait].
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	ended := p.lanes.clear()
	var cancels []func()
	for q, job := range p.active {
		p.lose(job)
		ended = append(ended, q)
		cancels = append(cancels, job.cancel)
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
