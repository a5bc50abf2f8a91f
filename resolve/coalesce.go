package resolve

import "sync"

// DefaultCoalesceWaiters is the bound of a [Coalesce] that is given none.
const DefaultCoalesceWaiters = 65536

// Coalesce asks the next strategy once for all queries with the same question that are in flight
// together. Each of them gets the result, including an error, in the order of their starts.
//
// Each query keeps its own deadline and cancellation, which end only that query. The flight belongs
// to all of them and not to the first: it is canceled when the last one has gone. A query that
// arrives after that asks again. Coalescing saves work and denies a forger the birthday attack,
// which needs many concurrent questions (RFC 5452, section 5).
type Coalesce struct {
	next  Strategy
	max   int
	leave func(*Query) // created once, so that Start does not allocate it

	mu      sync.Mutex
	waiting int
	flights map[Question]*flight
}

// flight is one query on behalf of all callers with the same question.
type flight struct {
	coalesce *Coalesce
	query    Query // the query that the next strategy answers; its hook is the flight
	waiters  queryList
}

// NewCoalesce returns a Coalesce in front of next. waitersMax bounds the queries in flight, over
// all questions; further queries complete with [ErrQueueFull]. Zero or less means
// [DefaultCoalesceWaiters].
func NewCoalesce(waitersMax int, next Strategy) *Coalesce {
	if waitersMax <= 0 {
		waitersMax = DefaultCoalesceWaiters
	}
	c := &Coalesce{next: next, max: waitersMax, flights: map[Question]*flight{}}
	c.leave = c.release
	return c
}

// Try calls Try of the next strategy.
func (c *Coalesce) Try(q Question) (Answer, error) { return c.next.Try(q) }

// Start joins the flight for the question, or begins one.
func (c *Coalesce) Start(q *Query) {
	if !q.AcceptFunc(c.leave) {
		return
	}
	c.mu.Lock()
	if q.Finished() { // canceled since AcceptFunc; release has found it in no flight
		c.mu.Unlock()
		return
	}
	if c.waiting == c.max {
		c.mu.Unlock()
		q.Finish(Answer{}, &Error{Op: "coalesce", Question: q.Question, Err: ErrQueueFull})
		return
	}
	c.waiting++
	f := c.flights[q.Question]
	begin := f == nil
	if begin {
		// A flight is not used again: a strategy may finish a query late that was canceled, and
		// would complete the next flight in the same memory.
		f = &flight{coalesce: c, query: Query{Question: q.Question}}
		c.flights[q.Question] = f
	}
	f.waiters.pushBack(q)
	c.mu.Unlock()
	if begin {
		f.query.onFinish(f)
		c.next.Start(&f.query)
	}
}

// finished gives the result to all queries that still wait.
func (f *flight) finished(_ *Query, a Answer, err error) {
	c := f.coalesce
	c.mu.Lock()
	waiters := f.waiters
	f.waiters = queryList{}
	c.waiting -= waiters.n
	// The last waiter may be gone, and another flight may carry the question now.
	if c.flights[f.query.Question] == f {
		delete(c.flights, f.query.Question)
	}
	// release checks membership: the queries on the list taken must not look like members of the
	// now empty list.
	var next *Query
	for q := waiters.head; q != nil; q = q.place.next {
		q.place.in = nil
	}
	c.mu.Unlock()
	for q := waiters.head; q != nil; q = next {
		next = q.place.next
		q.Finish(a, err)
	}
}

// release removes a query that was canceled or timed out.
func (c *Coalesce) release(q *Query) {
	c.mu.Lock()
	f := c.flights[q.Question]
	if f == nil || !f.waiters.remove(q) {
		c.mu.Unlock()
		return
	}
	c.waiting--
	last := f.waiters.n == 0
	if last {
		delete(c.flights, q.Question)
	}
	c.mu.Unlock()
	if last {
		f.query.Cancel()
	}
}

// Close closes the next strategy, which completes the queries in flight.
func (c *Coalesce) Close() error { return c.next.Close() }
