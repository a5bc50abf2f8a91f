package resolve

import "time"

// refresh is a background query for an answer that has expired or is about to. No caller owns it,
// so that it continues when callers go.
type refresh struct {
	cache   *Cache
	learner *learner
	query   Query // without an inbox; its hook is the refresh

	// Guarded by Cache.mu.
	entry    *cacheEntry // the entry that it was started for; may have been dropped since
	stale    Answer
	hasStale bool
	overdue  bool // the waiters have got the stale answer; later ones get it at once
	armed    bool
	done     bool
	stop     func() bool // prevents expire
	waiters  queryList
}

// newRefresh must be called with mu held. e may be nil.
func (c *Cache) newRefresh(q Question, e *cacheEntry) *refresh {
	r := &refresh{cache: c, learner: c.learner.Load(), entry: e}
	// The deadline ends a query that the next strategy forgets. It is of the real clock, like every
	// deadline of a query.
	r.query = Query{Question: q, Deadline: time.Now().Add(c.options.RefreshTimeout)}
	if e != nil {
		e.refresh = r
		r.stale, r.hasStale = e.answer, true
		r.stale.Question = q
	}
	c.refreshes[r] = struct{}{}
	return r
}

func (r *refresh) start() {
	r.query.onFinish(r)
	r.cache.next.Start(&r.query)
}

// refreshNow starts a background query unless one has been started since the lookup.
func (c *Cache) refreshNow(q Question) {
	now := c.now()
	c.mu.Lock()
	e := c.entry(&q, q.Type)
	fresh := e != nil && now < e.expires
	if c.closed || e == nil || e.kind != cachePositive || e.refresh != nil || fresh && e.fetched || len(c.refreshes) >= MaxCacheRefreshes {
		c.mu.Unlock()
		return
	}
	if fresh {
		e.fetched = true
		c.stats.Prefetches++
	} else {
		c.stats.Refreshes++
	}
	r := c.newRefresh(q, e)
	c.mu.Unlock()
	r.start()
}

// await lets q wait for a newer answer than the stale one, but for no longer than StaleDelay.
func (c *Cache) await(q *Query) {
	if !q.AcceptFunc(c.leave) {
		return
	}
	now := c.now()
	var a Answer
	var err error
	c.mu.Lock()
	if q.Finished() { // canceled since AcceptFunc; release has found it in no list
		c.mu.Unlock()
		return
	}
	e := c.find(&q.Question, now)
	switch {
	case c.closed:
		err = &Error{Op: "cache", Question: q.Question, Err: ErrClosed}
	case e != nil && now < e.expires, e != nil && c.staleness(e, now) == foundResult:
		_, err = c.resultOf(e, &q.Question, &a, now, true)
	default:
		c.join(q, e) // releases mu
		return
	}
	c.mu.Unlock()
	q.Finish(a, err)
}

// join adds q to the waiters of the refresh of e, which may be nil. It must be called with mu held,
// and releases it.
func (c *Cache) join(q *Query, e *cacheEntry) {
	var r *refresh
	if e != nil {
		r = e.refresh
	}
	begin := r == nil
	if begin {
		r = c.newRefresh(q.Question, e)
		c.stats.Refreshes++
	}
	r.waiters.pushBack(q)
	arm := r.hasStale && !r.armed
	r.armed = r.armed || arm
	c.mu.Unlock()
	if arm {
		stop := c.options.AfterFunc(c.options.StaleDelay, r.expire)
		c.mu.Lock()
		done := r.done
		r.stop = stop
		c.mu.Unlock()
		if done {
			stop()
		}
	}
	if begin {
		r.start()
	}
}

// release removes a query that was canceled or timed out. The refresh continues.
func (c *Cache) release(q *Query) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if list := q.place.in; list != nil {
		list.remove(q)
	}
}

// take returns the queries that wait. It must be called with mu held.
func (r *refresh) take() queryList {
	waiters := r.waiters
	r.waiters = queryList{}
	for q := waiters.head; q != nil; q = q.place.next {
		q.place.in = nil
	}
	return waiters
}

// expire gives the waiters the stale answer, because the refresh takes too long.
func (r *refresh) expire() {
	c := r.cache
	now := c.now()
	c.mu.Lock()
	if r.done || !r.mayServeStale() {
		c.mu.Unlock()
		return
	}
	r.overdue = true
	waiters := r.take()
	stale := r.serveStale(waiters.n, now)
	c.mu.Unlock()
	deliver(waiters, stale, nil)
}

// mayServeStale must be called with mu held. An answer of an older generation must not be served.
func (r *refresh) mayServeStale() bool { return r.hasStale && r.learner == r.cache.learner.Load() }

// serveStale returns the stale answer for n waiters. It must be called with mu held.
func (r *refresh) serveStale(n int, now cacheTime) Answer {
	a := r.stale
	r.cache.stats.StaleHits += uint64(n)
	r.cache.makeStale(&a, now)
	return a
}

// finished stores the result and gives it to the waiters, or the stale answer if it is a failure.
func (r *refresh) finished(q *Query, a Answer, err error) {
	c := r.cache
	c.store(r.learner, q, &a, err, true)
	now := c.now()
	c.mu.Lock()
	r.done = true
	delete(c.refreshes, r)
	if r.entry != nil && r.entry.refresh == r {
		r.entry.refresh = nil
	}
	waiters, stop := r.take(), r.stop
	if err != nil && !isNegative(err) && r.mayServeStale() && !c.closed {
		a, err = r.serveStale(waiters.n, now), nil
	}
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	deliver(waiters, a, err)
}

// end completes the refresh and its waiters because the cache is closed.
func (r *refresh) end() {
	r.cache.mu.Lock()
	waiters := r.take()
	r.cache.mu.Unlock()
	deliver(waiters, Answer{}, &Error{Op: "cache", Question: r.query.Question, Err: ErrClosed})
	r.query.Cancel()
}

func deliver(waiters queryList, a Answer, err error) {
	var next *Query
	for q := waiters.head; q != nil; q = next {
		next = q.place.next
		q.Finish(a, err)
	}
}
