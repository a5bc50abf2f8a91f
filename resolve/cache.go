package resolve

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Cache stores the results of the next strategy until they expire.
//
// Positive answers are stored for their time to live, within MinTTL and MaxTTL. An answer that has
// expired when it arrives (a time to live of zero) goes to its callers but is not stored, whatever
// MinTTL is. Answers keep the expiry that the cache gave them: their time to live counts down. An
// answer to another question than the one asked is not stored.
//
// Negative answers ([ErrNotFound], [ErrNoData]; RFC 2308) are stored by question. If
// [Error.RCode] is [RCodeNameError], the name does not exist with any type. The entry then answers
// all its types, except those that an alias can have, with the error for the question that was
// asked. A later answer for the name ends the entry. [System] has no response codes: it also
// reports ErrNotFound for a name that merely lacks a family.
//
// Failures that the next strategy reports ([ErrServFail], [ErrTimeout], [ErrMalformed]; RFC 9520)
// are stored by question for a time that grows while they repeat. An answer ends it. The end of a
// query by its own deadline or by Cancel says nothing about the question, and neither do
// [ErrQueueFull] and [ErrClosed].
//
// The memory of positive answers has one bound, and that of negative answers and failures another.
// At a bound, the cache evicts entries without hits first; see [CacheAnswerShare] for large
// answers. [CacheOptions] has serving of stale answers, prefetching and generations, which are off
// by default. Background queries have no inbox: the cache completes them. They end with Close.
type Cache struct {
	next    Strategy
	options CacheOptions
	epoch   time.Time
	leave   func(*Query)            // created once, so that Start does not allocate it
	learner atomic.Pointer[learner] // replaced, with mu held, when the entries are dropped

	mu         sync.Mutex
	names      map[string]*cacheEntry // the first entry of each name, whose copy of the name is the key
	positive   cacheShare
	negative   cacheShare
	spare      *cacheEntry // the entry that was evicted last, for the next one: a full cache does not allocate
	generation uint64
	refreshes  map[*refresh]struct{}
	failures   int
	closed     bool
	stats      CacheStats
}

// learner stores the results of queries that were started in its time. Each flush makes the results
// of older queries useless.
type learner struct{ cache *Cache }

func (l *learner) finished(q *Query, a Answer, err error) { l.cache.store(l, q, &a, err, false) }

// NewCache returns an empty cache in front of next. A negative bound or duration is an error.
func NewCache(options CacheOptions, next Strategy) (*Cache, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cache{next: next, options: options, refreshes: map[*refresh]struct{}{}}
	c.epoch = c.time()
	c.leave = c.release
	// The spare entry counts against both bounds, whichever it came from.
	spare := objectBytes(int(unsafe.Sizeof(cacheEntry{})))
	c.positive.max, c.negative.max = max(0, options.MaxBytes-spare), max(0, options.MaxNegativeBytes-spare)
	if options.Generation != nil {
		c.generation = options.Generation()
	}
	c.flush()
	return c, nil
}

// time returns the time with the wall clock, which costs more than now.
func (c *Cache) time() time.Time {
	if c.options.Clock != nil {
		return c.options.Clock()
	}
	return time.Now()
}

func (c *Cache) now() cacheTime {
	if c.options.Clock != nil {
		return c.options.Clock().Sub(c.epoch)
	}
	return time.Since(c.epoch) // reads only the monotonic clock
}

// Try answers from the cache, or calls Try of the next strategy. If an answer is stale or due for a
// prefetch, only Start may ask for a new one: Try returns [ErrWouldBlock] until a Start has.
func (c *Cache) Try(q Question) (a Answer, err error) {
	found, err := c.lookup(&q, &a, false)
	if found == foundNothing {
		return c.next.Try(q)
	}
	return a, err
}

// Start completes the query from the cache, or starts it with the next strategy and stores the
// result.
func (c *Cache) Start(q *Query) {
	var a Answer
	found, err := c.lookup(&q.Question, &a, true)
	switch found {
	case foundNothing:
		q.onFinish(c.learner.Load())
		c.next.Start(q)
	case foundStale:
		c.await(q)
	case foundResult, foundDue:
		if q.AcceptFunc(nil) {
			q.Finish(a, err)
		}
		if found == foundDue {
			c.refreshNow(q.Question)
		}
	}
}

// Close drops all entries, cancels the background queries and closes the next strategy.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.flush()
	refreshes := c.refreshes
	c.refreshes = map[*refresh]struct{}{}
	c.mu.Unlock()
	for r := range refreshes {
		r.end()
	}
	return c.next.Close()
}

// Flush drops all entries, in constant time. It is for use after the servers have changed. The
// results of queries that are in flight are not stored.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	c.stats.Flushes++
}

// flush must be called with mu held.
func (c *Cache) flush() {
	c.learner.Store(&learner{c})
	c.names, c.failures, c.spare = map[string]*cacheEntry{}, 0, nil
	c.positive, c.negative = cacheShare{max: c.positive.max}, cacheShare{max: c.negative.max}
}

// renew drops all entries if generation is newer. It must be called with mu held. A thread that
// asked for the generation before the change may come after one that asked later.
func (c *Cache) renew(generation uint64) {
	if c.options.Generation != nil && int64(generation-c.generation) > 0 {
		c.generation = generation
		c.flush()
		c.stats.Flushes++
	}
}

func (c *Cache) askGeneration() uint64 {
	if c.options.Generation == nil {
		return 0
	}
	return c.options.Generation()
}

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Positive, s.Negative, s.Failures = c.positive.n(), c.negative.n()-c.failures, c.failures
	s.Bytes, s.NegativeBytes = c.positive.bytes(), c.negative.bytes()
	return s
}
