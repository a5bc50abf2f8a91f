package resolve

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// The defaults of [CacheOptions].
const (
	DefaultCachePositive        = 4096
	DefaultCacheNegative        = 1024
	DefaultCacheMaxTTL          = time.Hour
	DefaultCacheTTLUnknown      = 5 * time.Second
	DefaultCacheMaxNegativeTTL  = 5 * time.Minute
	DefaultCacheNegativeUnknown = 5 * time.Second
)

// CacheOptions sets the bounds of a [Cache]. Zero fields mean the defaults.
type CacheOptions struct {
	MaxPositive int // positive entries
	MaxNegative int // negative entries; made-up names cannot evict positive ones

	MinTTL     time.Duration // raises a shorter time to live, except an expired one; 0 by default
	MaxTTL     time.Duration // caps a longer time to live
	TTLUnknown time.Duration // for answers without a time to live

	MaxNegativeTTL     time.Duration // like MaxTTL
	NegativeTTLUnknown time.Duration // like TTLUnknown

	Clock func() time.Time // time.Now if nil
}

// CacheStats holds the counters of a [Cache].
type CacheStats struct {
	Positive, Negative              int // entries
	Hits, NegativeHits, Misses      uint64
	Evictions, Expirations, Ignored uint64 // Ignored: results that must not be stored
}

// Cache stores answers until they expire, and also negative answers ([ErrNotFound], [ErrNoData];
// RFC 2308). It does not store other failures. An answer that has expired when it arrives (a time
// to live of zero) goes to its callers but is not stored, whatever MinTTL is.
//
// The key is the whole question, also for negative answers: [System] reports ErrNotFound for a name
// that merely lacks a family. At a bound, the least recently used entry is evicted. Positive and
// negative answers have separate bounds. Answers keep the expiry that the cache gave them: their
// time to live counts down.
type Cache struct {
	next    Strategy
	options CacheOptions
	learn   func(*Query, Answer, error) // created once, so that Start does not allocate it

	mu       sync.Mutex
	entries  map[Question]*cacheEntry
	positive cacheList
	negative cacheList
	stats    CacheStats
}

// NewCache returns an empty cache in front of next. A negative bound or duration is an error.
func NewCache(options CacheOptions, next Strategy) (*Cache, error) {
	for _, f := range []struct {
		field  *int
		preset int
	}{{&options.MaxPositive, DefaultCachePositive}, {&options.MaxNegative, DefaultCacheNegative}} {
		if err := preset(f.field, f.preset); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		field  *time.Duration
		preset time.Duration
	}{
		{&options.MinTTL, 0}, {&options.MaxTTL, DefaultCacheMaxTTL}, {&options.TTLUnknown, DefaultCacheTTLUnknown},
		{&options.MaxNegativeTTL, DefaultCacheMaxNegativeTTL}, {&options.NegativeTTLUnknown, DefaultCacheNegativeUnknown},
	} {
		if err := preset(f.field, f.preset); err != nil {
			return nil, err
		}
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	c := &Cache{next: next, options: options, entries: map[Question]*cacheEntry{}}
	c.learn = func(q *Query, a Answer, err error) { c.store(q.Question, a, err) }
	return c, nil
}

func preset[V int | time.Duration](field *V, value V) error {
	if *field < 0 {
		return fmt.Errorf("resolve: cache: bound %v: want 0 or more", *field)
	}
	if *field == 0 {
		*field = value
	}
	return nil
}

// Try answers from the cache, or calls Try of the next strategy.
func (c *Cache) Try(q Question) (Answer, error) {
	if a, err := c.lookup(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return c.next.Try(q)
}

// Start completes the query from the cache, or starts it with the next strategy and stores the
// result.
func (c *Cache) Start(q *Query) {
	a, err := c.lookup(q.Question)
	if errors.Is(err, ErrWouldBlock) {
		q.OnFinish(c.learn)
		c.next.Start(q)
		return
	}
	if q.Accept(nil) {
		q.Finish(a, err)
	}
}

// Close drops all entries and closes the next strategy.
func (c *Cache) Close() error {
	c.Flush()
	return c.next.Close()
}

// Flush drops all entries. It is for use after the servers have changed.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.positive, c.negative = cacheList{}, cacheList{}
}

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Positive, s.Negative = c.positive.n, c.negative.n
	return s
}

func (c *Cache) lookup(q Question) (Answer, error) {
	now := c.options.Clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[q]
	if e == nil {
		c.stats.Misses++
		return Answer{}, ErrWouldBlock
	}
	if !now.Before(e.expires) {
		c.drop(e)
		c.stats.Expirations++
		c.stats.Misses++
		return Answer{}, ErrWouldBlock
	}
	e.list.moveToFront(e)
	if e.err != nil {
		c.stats.NegativeHits++
		return Answer{}, e.err
	}
	c.stats.Hits++
	return e.answer, nil
}

func (c *Cache) store(q Question, a Answer, err error) {
	now := c.options.Clock()
	expires, ok := c.lifetime(now, q, a, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok {
		c.stats.Ignored++
		return
	}
	list, limit := &c.positive, c.options.MaxPositive
	if err != nil {
		list, limit = &c.negative, c.options.MaxNegative
	}
	if old := c.entries[q]; old != nil {
		c.drop(old)
	}
	var e *cacheEntry
	if list.n == limit {
		e = list.tail
		c.drop(e)
		c.stats.Evictions++
	} else {
		e = &cacheEntry{}
	}
	a.Expires, a.Cached = expires, true
	*e = cacheEntry{question: q, answer: a, err: err, expires: expires, list: list}
	c.entries[q] = e
	list.pushFront(e)
}

// lifetime returns when a result expires, and whether it may be stored.
func (c *Cache) lifetime(now time.Time, q Question, a Answer, err error) (time.Time, bool) {
	least, most, unknown, expires := c.options.MinTTL, c.options.MaxTTL, c.options.TTLUnknown, a.Expires
	switch {
	case err == nil && a.Question != q:
		return time.Time{}, false
	case err != nil && !isNegative(err):
		return time.Time{}, false
	case err != nil:
		least, most, unknown, expires = 0, c.options.MaxNegativeTTL, c.options.NegativeTTLUnknown, time.Time{}
		var e *Error
		if errors.As(err, &e) {
			expires = e.Expires
		}
	}
	ttl := unknown
	if !expires.IsZero() {
		if ttl = expires.Sub(now); ttl <= 0 {
			return time.Time{}, false
		}
		ttl = max(ttl, least)
	}
	return now.Add(min(ttl, most)), true
}

// drop must be called with mu held.
func (c *Cache) drop(e *cacheEntry) {
	e.list.remove(e)
	delete(c.entries, e.question)
}

type cacheEntry struct {
	question   Question
	answer     Answer
	err        error
	expires    time.Time
	list       *cacheList
	prev, next *cacheEntry
}

// cacheList is ordered by use, most recent first. Guarded by Cache.mu.
type cacheList struct {
	head, tail *cacheEntry
	n          int
}

func (l *cacheList) pushFront(e *cacheEntry) {
	e.prev, e.next = nil, l.head
	if l.head == nil {
		l.tail = e
	} else {
		l.head.prev = e
	}
	l.head = e
	l.n++
}

func (l *cacheList) remove(e *cacheEntry) {
	if e.prev == nil {
		l.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	l.n--
}

func (l *cacheList) moveToFront(e *cacheEntry) {
	if l.head != e {
		l.remove(e)
		l.pushFront(e)
	}
}
