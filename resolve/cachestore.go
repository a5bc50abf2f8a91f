package resolve

import (
	"errors"
	"time"
)

// store stores a result, unless it must not be stored. l belongs to the time in which the query was
// started. background is true for a query of the cache itself.
func (c *Cache) store(l *learner, q *Query, a *Answer, err error, background bool) {
	generation := c.askGeneration()
	wall := c.time()
	now := wall.Sub(c.epoch)
	var e *Error
	if err != nil {
		e = describe(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renew(generation)
	question := &q.Question
	switch {
	case l != c.learner.Load(), c.closed, question.Type == typeAny, err == nil && a.Question != *question:
		c.stats.Ignored++
	case err == nil:
		c.keep(question, question.Type, cachePositive, a, nil, now, c.lifetime(wall, a.Expires))
	case isNegative(err):
		t := question.Type
		if e != nil && e.RCode == RCodeNameError && errors.Is(err, ErrNotFound) && answersType(t) {
			if exact := c.entry(question, t); exact != nil {
				c.drop(exact)
			}
			t = typeAny
		}
		c.keep(question, t, cacheNegative, nil, err, now, c.negativeLifetime(wall, e))
	default:
		c.fail(q, e, err, now, background)
	}
}

// describe returns the [*Error] in err, or nil. Its variable is on the heap.
func describe(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}

// lifetime returns for how long an answer is stored; zero if it is not.
func (c *Cache) lifetime(now, expires time.Time) time.Duration {
	if expires.IsZero() {
		return min(c.options.TTLUnknown, c.options.MaxTTL)
	}
	ttl := expires.Sub(now)
	if ttl <= 0 {
		return 0
	}
	return min(max(ttl, c.options.MinTTL), c.options.MaxTTL)
}

// negativeLifetime is like lifetime. e is nil if the error is not an [*Error].
func (c *Cache) negativeLifetime(now time.Time, e *Error) time.Duration {
	if e == nil || e.Expires.IsZero() {
		return min(c.options.NegativeTTLUnknown, c.options.MaxNegativeTTL)
	}
	return max(0, min(e.Expires.Sub(now), c.options.MaxNegativeTTL))
}

// fail stores a failure, or notes that a stale answer cannot be replaced yet.
func (c *Cache) fail(q *Query, e *Error, err error, now cacheTime, background bool) {
	old := c.entry(&q.Question, q.Question.Type)
	if old != nil && old.kind == cachePositive {
		// The answer may still be good: a failure does not replace it.
		if background && now >= old.expires && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrCanceled) {
			old.recheck = now + c.options.StaleRecheck
		}
		c.stats.Ignored++
		return
	}
	if c.options.ForgetFailures || !isFailure(err) || !background && endedByCaller(q, e) {
		c.stats.Ignored++
		return
	}
	ttl := c.options.MinFailureTTL
	switch {
	case old == nil:
	case now < old.expires: // concurrent queries have failed together
		c.stats.Ignored++
		return
	case old.kind == cacheFailure && now-old.expires < c.options.MaxFailureTTL:
		ttl = max(ttl, 2*(old.expires-old.stored))
	}
	c.keep(&q.Question, q.Question.Type, cacheFailure, nil, err, now, min(ttl, c.options.MaxFailureTTL))
}

func isFailure(err error) bool {
	return errors.Is(err, ErrServFail) || errors.Is(err, ErrTimeout) || errors.Is(err, ErrMalformed)
}

// endedByCaller reports whether the deadline of q may have caused its failure.
func endedByCaller(q *Query, e *Error) bool {
	return e != nil && e.Op == opQuery || !q.Deadline.IsZero() && !time.Now().Before(q.Deadline)
}

// keep replaces what is known of the question by a result, and stores it if ttl is positive and it
// is not too large. It must be called with mu held.
func (c *Cache) keep(q *Question, t Type, kind cacheKind, a *Answer, err error, now cacheTime, ttl time.Duration) {
	if t != typeAny && kind != cacheFailure {
		if absent := c.entry(q, typeAny); absent != nil { // the name exists
			c.drop(absent)
		}
	}
	e := c.entry(q, t)
	main := false
	if e != nil {
		main = e.main && e.kind == kind
		c.drop(e)
	}
	if ttl <= 0 {
		c.stats.Ignored++
		return
	}
	if e == nil {
		if e = c.spare; e == nil {
			e = new(cacheEntry)
		}
		c.spare = nil
		e.reset(Question{Name: q.Name, Type: t, Class: q.Class})
	}
	e.kind, e.main, e.marks, e.fetched, e.hits = kind, main, 0, false, 0
	e.stored, e.expires, e.prefetch, e.recheck = now, now+ttl, now+ttl-ttl/prefetchPart, 0
	e.answer, e.err = Answer{}, nil
	if err != nil {
		e.err = detach(err, q.Name.text)
	} else {
		e.answer = *a
		e.answer.Question = Question{}
		e.answer.Expires, e.answer.Cached = c.epoch.Add(e.expires), true
	}
	e.measure()
	share := c.shareOf(e)
	if e.size > share.max/CacheAnswerShare {
		c.stats.TooLarge++
		return
	}
	for share.n() > 0 && !share.fits(e.size) {
		victim := share.victim(func(e *cacheEntry) bool { return now-e.expires >= c.options.MaxStale })
		c.stats.EvictedAge = max(0, now-victim.stored)
		c.evict(victim)
		victim.reset(Question{}) // frees what it refers to
		c.spare = victim
	}
	c.insert(e)
}

// prefetchPart is the last part of the time to live, a tenth, in which an answer may be prefetched.
const prefetchPart = 10

func (c *Cache) evict(e *cacheEntry) {
	c.stats.Evictions++
	c.drop(e)
}
