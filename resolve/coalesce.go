package resolve

import "sync"

// DefaultCoalesceWaiters is the bound of [Coalesce] where none is given.
const DefaultCoalesceWaiters = 65536

// Coalesce asks the next strategy once for queries with the same question that are in flight
// together. Every one gets the result, in the order in which they came; errors too.
//
// Each query keeps its own deadline and cancellation, which end it alone. The question belongs to
// all of them and not to the first: it is canceled when the last one has gone. A query that comes
// after that asks anew. Besides saving work, one question instead of many denies a forger the
// birthday attack (RFC 5452, section 5).
type Coalesce struct {
	next Strategy
	max  int

	mu      sync.Mutex
	waiting int
	flights map[Question]*flight
}

// flight is one question on its way.
type flight struct {
	query   Query // the question that the next strategy answers; its hook is land
	waiters queryList
}

// NewCoalesce returns the decorator. Beyond waitersMax queries in flight, those with any question
// counted, further ones complete with [ErrQueueFull]; zero or less is [DefaultCoalesceWaiters].
func NewCoalesce(waitersMax int, next Strategy) *Coalesce {
	if waitersMax <= 0 {
		waitersMax = DefaultCoalesceWaiters
	}
	return &Coalesce{next: next, max: waitersMax, flights: map[Question]*flight{}}
}

// Try asks the next strategy to try.
func (c *Coalesce) Try(q Question) (Answer, error) { return c.next.Try(q) }

// Start joins the flight of the question, or begins one.
func (c *Coalesce) Start(q *Query) {
	if !q.Accept(func() { c.leave(q) }) {
		return
	}
	c.mu.Lock()
	if q.Finished() { // canceled between Accept and here; leave has seen it in no flight
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
		f = &flight{query: Query{Question: q.Question}}
		c.flights[q.Question] = f
	}
	f.waiters.pushBack(q)
	c.mu.Unlock()
	if begin {
		f.query.OnFinish(func(_ *Query, a Answer, err error) { c.land(f, a, err) })
		c.next.Start(&f.query)
	}
}

// land hands the result to everybody who still waits.
func (c *Coalesce) land(f *flight, a Answer, err error) {
	c.mu.Lock()
	waiters := f.waiters
	f.waiters = queryList{}
	c.waiting -= waiters.n
	// The last one may have gone, and another flight may carry the question by now.
	if c.flights[f.query.Question] == f {
		delete(c.flights, f.query.Question)
	}
	// Leaving is by membership: those on the list taken must not look as if they were on an empty
	// one.
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

// leave takes out a query that was canceled or timed out.
func (c *Coalesce) leave(q *Query) {
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

// Close closes the next strategy, which completes what is in flight.
func (c *Coalesce) Close() error { return c.next.Close() }
