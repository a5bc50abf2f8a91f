package resolve

// found is the result of a lookup in the cache.
type found uint8

const (
	foundNothing found = iota
	foundResult        // a result to deliver
	foundDue           // a result to deliver; after that a background query has to be started
	foundStale         // a stale answer, which the query gets if there is no newer one in time
)

// lookup sets a to the answer that it finds, or returns the error that it finds. With starting, it
// may return foundDue and foundStale; the caller then has the duty that they describe.
func (c *Cache) lookup(q *Question, a *Answer, starting bool) (found, error) {
	generation := c.askGeneration()
	now := c.now()
	c.mu.Lock()
	c.renew(generation)
	what, err := c.resultOf(c.find(q, now), q, a, now, starting)
	c.mu.Unlock()
	return what, err
}

// resultOf must be called with mu held.
func (c *Cache) resultOf(e *cacheEntry, q *Question, a *Answer, now cacheTime, starting bool) (found, error) {
	if e == nil {
		if starting {
			c.stats.Misses++
		}
		return foundNothing, nil
	}
	what := foundResult
	switch {
	case e.kind == cacheNegative:
		c.stats.NegativeHits++
		e.mark()
		return foundResult, e.err
	case e.kind == cacheFailure:
		c.stats.FailureHits++
		e.mark()
		return foundResult, e.err
	case now >= e.expires:
		if what = c.staleness(e, now); what == foundStale && starting {
			return foundStale, nil
		}
	case c.prefetches(e, now):
		what = foundDue
	}
	if what != foundResult && !starting {
		return foundNothing, nil
	}
	e.mark()
	*a = e.answer
	a.Question = *q
	if now < e.expires {
		c.stats.Hits++
		return what, nil
	}
	c.stats.StaleHits++
	c.makeStale(a, now)
	return what, nil
}

// staleness returns what to do with an expired answer.
func (c *Cache) staleness(e *cacheEntry, now cacheTime) found {
	switch {
	case now < e.recheck:
		return foundResult
	case e.refresh != nil && (e.refresh.overdue || c.options.StaleAtOnce):
		return foundResult
	case e.refresh == nil && len(c.refreshes) >= MaxCacheRefreshes:
		return foundResult
	case c.options.StaleAtOnce:
		return foundDue
	}
	return foundStale
}

// prefetches reports whether a prefetch of a fresh answer is due. The hit of now counts.
func (c *Cache) prefetches(e *cacheEntry, now cacheTime) bool {
	return c.options.PrefetchHits > 0 && now >= e.prefetch && !e.fetched && int(e.hits)+1 >= c.options.PrefetchHits &&
		e.refresh == nil && len(c.refreshes) < MaxCacheRefreshes
}

func (c *Cache) makeStale(a *Answer, now cacheTime) {
	a.Stale, a.Expires = true, c.epoch.Add(now+CacheStaleTTL)
}

// mark counts a hit.
func (e *cacheEntry) mark() {
	e.marks = min(e.marks+1, marksMax)
	if e.hits+1 != 0 {
		e.hits++
	}
}

// find returns the entry that answers q, which is fresh or may be served stale. It drops entries
// that are neither. It must be called with mu held.
func (c *Cache) find(q *Question, now cacheTime) *cacheEntry {
	var exact, absent *cacheEntry
	for e := c.names[q.Name.text]; e != nil; e = e.sibling {
		switch {
		case e.is(q.Type, q.Class):
			exact = e
		case e.is(typeAny, q.Class) && answersType(q.Type):
			absent = e
		}
	}
	if exact != nil && now < exact.expires && exact.kind != cacheFailure {
		return exact
	}
	if absent != nil {
		if now < absent.expires {
			if exact != nil { // a failure, or an answer that must not be served stale
				c.drop(exact)
			}
			return absent
		}
		c.expire(absent)
	}
	switch {
	case exact == nil || now < exact.expires:
		return exact
	case exact.kind == cachePositive && now-exact.expires < c.options.MaxStale:
		return exact
	case exact.kind == cacheFailure && now-exact.expires < c.options.MaxFailureTTL:
		return nil // another failure will need the count
	}
	c.expire(exact)
	return nil
}

func (c *Cache) expire(e *cacheEntry) {
	c.stats.Expirations++
	c.drop(e)
}

// entry returns the entry with exactly this key, or nil.
func (c *Cache) entry(q *Question, t Type) *cacheEntry {
	for e := c.names[q.Name.text]; e != nil; e = e.sibling {
		if e.is(t, q.Class) {
			return e
		}
	}
	return nil
}

func (c *Cache) shareOf(e *cacheEntry) *cacheShare {
	if e.kind == cachePositive {
		return &c.positive
	}
	return &c.negative
}

// insert adds e, which has its size, to its share and to the entries of its name. It must be called
// with mu held.
func (c *Cache) insert(e *cacheEntry) {
	c.shareOf(e).add(e)
	if e.kind == cacheFailure {
		c.failures++
	}
	first := c.names[e.name]
	if first == nil {
		c.names[e.name] = e
		return
	}
	e.sibling, first.sibling = first.sibling, e
	n, last := 1, first
	for ; last.sibling != nil; last = last.sibling {
		n++
	}
	if n > MaxCacheTypes {
		c.evict(last)
	}
}

// drop removes e from its share and from the entries of its name. It must be called with mu held.
func (c *Cache) drop(e *cacheEntry) {
	c.shareOf(e).remove(e)
	if e.kind == cacheFailure {
		c.failures--
	}
	first := c.names[e.name]
	if first != e {
		for first.sibling != e {
			first = first.sibling
		}
		first.sibling, e.sibling = e.sibling, nil
		return
	}
	// The key is in the memory of e.
	delete(c.names, e.name)
	if e.sibling != nil {
		c.names[e.sibling.name], e.sibling = e.sibling, nil
	}
}
