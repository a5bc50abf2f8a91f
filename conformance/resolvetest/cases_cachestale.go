package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// expired returns a fixture whose cache holds an answer to q that expired a minute ago.
func (p Fixture) expired(t T, q resolve.Question, options resolve.CacheOptions) *cacheFixture {
	t.Helper()
	f := p.cache(t, options)
	f.learn(q, time.Minute, nil)
	f.clock.advance(2 * time.Minute)
	return f
}

// stale checks that got is the stale answer that [Fixture.expired] has stored.
func (f *cacheFixture) stale(got resolve.Answer, err error) {
	f.t.Helper()
	holds(f.t, "stale answer", got, err, "192.0.2.1")
	if end := f.clock.Now().Add(resolve.CacheStaleTTL); !got.Stale || !got.Cached || !got.Expires.Equal(end) {
		f.t.Errorf("got Stale %v, Cached %v, Expires %v, want true, true, %v", got.Stale, got.Cached, got.Expires, end)
	}
}

// fresh checks that got is a new answer.
func (f *cacheFixture) fresh(got resolve.Answer, err error) {
	f.t.Helper()
	holds(f.t, "new answer", got, err, "192.0.2.2")
	if got.Stale {
		f.t.Errorf("a new answer is marked as stale")
	}
}

// renew completes the query at index i with a new answer.
func (f *cacheFixture) renew(i int, q resolve.Question) {
	f.t.Helper()
	ans := answer(q, "192.0.2.2")
	ans.Expires = f.clock.Now().Add(time.Minute)
	f.next.finish(i, ans, nil)
}

// waiting fails the case if c has completed.
func (f *cacheFixture) waiting(c *call) {
	f.t.Helper()
	f.owner.run()
	if n := c.completions(); n != 0 {
		f.t.Fatalf("the query has completed %d times before there was a result, with %v, %v", n, c.answer, c.err)
	}
}

// done checks that c has completed, without anything else having to happen.
func (f *cacheFixture) done(c *call) (resolve.Answer, error) {
	f.t.Helper()
	f.owner.await(c)
	f.owner.once(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answer, c.err
}

func cacheStaleCases() []Case {
	one := a("one.example")
	const delay = resolve.DefaultCacheStaleDelay
	serving := resolve.CacheOptions{MaxStale: time.Hour}
	atOnce := resolve.CacheOptions{MaxStale: time.Hour, StaleAtOnce: true}
	return []Case{
		{ID: "cache/stale-delay", Doc: "resolve.CacheOptions.StaleDelay", Rule: "A query for an expired answer gets it after StaleDelay, with a short time to live. The question stays asked.",
			Source: "RFC 8767, section 5", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				f.has(one, false)
				first, second := f.owner.start(f.strat, one), f.owner.start(f.strat, one)
				f.next.asked(2, "two queries for an expired answer")
				f.waiting(first)
				f.timers.fireOne(t, delay)
				f.stale(f.done(first))
				f.stale(f.done(second))
				f.stale(f.done(f.owner.start(f.strat, one)))
				f.next.asked(2, "a query after the delay")
				f.renew(1, one)
				f.fresh(f.strat.Try(one))
			}},
		{ID: "cache/stale-in-time", Doc: "resolve.CacheOptions.StaleDelay", Rule: "A new answer within StaleDelay goes to all queries that wait, and the timer stops.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				first, second := f.owner.start(f.strat, one), f.owner.start(f.strat, one)
				f.renew(1, one)
				f.fresh(f.done(first))
				f.fresh(f.done(second))
				if n := len(f.timers.running()); n != 0 {
					t.Errorf("%d timers are running, want none", n)
				}
			}},
		{ID: "cache/stale-failure", Doc: "resolve.CacheOptions.StaleRecheck", Rule: "If asking fails, queries get the stale answer, without asking again until StaleRecheck has passed.",
			Source: "RFC 8767, section 5", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				c := f.owner.start(f.strat, one)
				f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.stale(f.done(c))
				f.clock.advance(resolve.DefaultCacheStaleRecheck - time.Nanosecond)
				f.stale(f.strat.Try(one))
				f.stale(f.done(f.owner.start(f.strat, one)))
				f.next.asked(2, "queries before StaleRecheck has passed")
				f.clock.advance(time.Nanosecond)
				f.has(one, false)
				c = f.owner.start(f.strat, one)
				f.next.asked(3, "a query after StaleRecheck")
				f.renew(2, one)
				f.fresh(f.done(c))
			}},
		{ID: "cache/stale-at-once", Doc: "resolve.CacheOptions.StaleAtOnce", Rule: "StaleAtOnce delivers the stale answer without waiting, and asks once.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.expired(t, one, atOnce)
				f.stale(f.done(f.owner.start(f.strat, one)))
				f.stale(f.done(f.owner.start(f.strat, one)))
				f.stale(f.strat.Try(one))
				f.next.asked(2, "two queries for an expired answer")
				f.renew(1, one)
				f.fresh(f.strat.Try(one))
			}},
		{ID: "cache/stale-max", Doc: "resolve.CacheOptions.MaxStale", Rule: "An answer is not served after MaxStale, and by default not after it has expired.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				for _, options := range []resolve.CacheOptions{{}, {MaxStale: time.Minute}, {MaxStale: time.Minute, StaleAtOnce: true}} {
					f := p.expired(t, one, options)
					c := f.owner.start(f.strat, one)
					f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
					_, err := f.done(c)
					isError(t, "an answer beyond MaxStale", err, resolve.ErrServFail)
				}
			}},
		{ID: "cache/stale-replaced", Doc: "resolve.Cache", Rule: "A negative answer replaces the stale answer, and is never stale itself.", Source: "RFC 8767, section 4",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				for _, rcode := range []resolve.RCode{resolve.RCodeNameError, resolve.RCodeSuccess} {
					f := p.expired(t, one, serving)
					c := f.owner.start(f.strat, one)
					f.next.finish(1, resolve.Answer{}, &resolve.Error{Op: "script", Question: one, RCode: rcode, Expires: f.clock.Now().Add(time.Minute), Err: resolve.ErrNotFound})
					_, err := f.done(c)
					isError(t, "the query", err, resolve.ErrNotFound)
					_, err = f.strat.Try(one)
					isError(t, "after it", err, resolve.ErrNotFound)
					f.clock.advance(time.Minute)
					c = f.owner.start(f.strat, one)
					f.next.finish(2, resolve.Answer{}, failure(one, resolve.ErrServFail))
					_, err = f.done(c)
					isError(t, "after the negative answer has expired", err, resolve.ErrServFail)
				}
			}},
		{ID: "cache/stale-other-type", Doc: "resolve.Cache", Rule: "A stale answer is not served while its name is known not to exist.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				f.learnAbsent(aaaa("one.example"), resolve.RCodeNameError)
				_, err := both(t, f.strat, one)
				isError(t, "the other type", err, resolve.ErrNotFound)
			}},
		{ID: "cache/stale-cancel", Doc: "resolve.Cache", Rule: "A query that waits for a new answer can be canceled. The others keep waiting, and the question stays asked.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				first, second := f.owner.start(f.strat, one), f.owner.start(f.strat, one)
				first.Cancel()
				_, err := f.done(first)
				isError(t, "the canceled query", err, resolve.ErrCanceled)
				f.waiting(second)
				f.renew(1, one)
				f.fresh(f.done(second))
				f.owner.once(first, second)
			}},
		{ID: "cache/stale-close", Doc: "resolve.Cache.Close", Rule: "Close completes the queries that wait for a new answer with ErrClosed.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.expired(t, one, serving)
				c := f.owner.start(f.strat, one)
				f.strat.Close()
				_, err := f.done(c)
				isError(t, "the query", err, resolve.ErrClosed)
			}},
		{ID: "cache/stale-generation", Doc: "resolve.CacheOptions.Generation", Rule: "A stale answer of an older generation is not served, not even to a query that waits.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				generation := uint64(7)
				options := serving
				options.Generation = func() uint64 { return generation }
				f := p.expired(t, one, options)
				c := f.owner.start(f.strat, one)
				generation++
				f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				_, err := f.done(c)
				isError(t, "the query", err, resolve.ErrServFail)
			}},
	}
}

func cachePrefetchCases() []Case {
	one := a("one.example")
	// due returns a fixture whose cache holds an answer with one hit and a tenth of its time to
	// live.
	due := func(t T, p Fixture) *cacheFixture {
		t.Helper()
		f := p.cache(t, resolve.CacheOptions{PrefetchHits: 2})
		f.learn(one, 100*time.Second, nil)
		f.clock.advance(90*time.Second - time.Nanosecond)
		f.has(one, true)
		return f
	}
	return []Case{
		{ID: "cache/prefetch", Doc: "resolve.CacheOptions.PrefetchHits", Rule: "An answer with enough hits is asked for once more when a tenth of its time to live is left. No query waits for it.",
			Source: "unbound.conf(5), prefetch", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := due(t, p)
				f.clock.advance(time.Nanosecond)
				f.has(one, false) // Start must ask
				for range 3 {
					c := f.owner.start(f.strat, one)
					got, err := f.done(c)
					holds(t, "hit", got, err, "192.0.2.1")
					f.has(one, true)
				}
				f.next.asked(2, "queries in the last tenth")
				f.renew(1, one)
				f.clock.advance(time.Minute - time.Nanosecond)
				f.fresh(f.strat.Try(one))
			}},
		{ID: "cache/prefetch-early", Doc: "resolve.CacheOptions.PrefetchHits", Rule: "There is no prefetch before the last tenth of the time to live, and none for an answer with fewer hits.",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := due(t, p)
				f.owner.await(f.owner.start(f.strat, one))
				f.next.asked(1, "queries before the last tenth")
				f = p.cache(t, resolve.CacheOptions{PrefetchHits: 2})
				f.learn(one, 100*time.Second, nil)
				f.clock.advance(99 * time.Second)
				f.owner.await(f.owner.start(f.strat, one))
				f.next.asked(1, "the first hit")
			}},
		{ID: "cache/prefetch-failure", Doc: "resolve.CacheOptions.PrefetchHits", Rule: "A prefetch that fails loses nothing: the answer is served until it expires.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := due(t, p)
				f.clock.advance(time.Nanosecond)
				f.owner.await(f.owner.start(f.strat, one))
				f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.clock.advance(10*time.Second - time.Nanosecond)
				got, err := both(t, f.strat, one)
				holds(t, "hit", got, err, "192.0.2.1")
				f.next.asked(2, "one prefetch, which has failed")
				f.clock.advance(time.Nanosecond)
				f.has(one, false)
			}},
		{ID: "cache/prefetch-then-stale", Doc: "resolve.CacheOptions.StaleAtOnce", Rule: "An answer whose prefetch has failed is asked for again when it has expired.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{PrefetchHits: 1, MaxStale: time.Hour, StaleAtOnce: true})
				f.learn(one, 100*time.Second, nil)
				f.clock.advance(90 * time.Second)
				f.owner.await(f.owner.start(f.strat, one))
				f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.clock.advance(10 * time.Second)
				f.stale(f.done(f.owner.start(f.strat, one)))
				f.next.asked(3, "a query for the expired answer")
				f.renew(2, one)
				f.fresh(f.strat.Try(one))
			}},
		{ID: "cache/prefetch-off", Doc: "resolve.CacheOptions.PrefetchHits", Rule: "Without PrefetchHits there is no prefetch.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learn(one, 100*time.Second, nil)
				f.clock.advance(99 * time.Second)
				for range 5 {
					f.owner.await(f.owner.start(f.strat, one))
				}
				f.next.asked(1, "hits in the last tenth")
			}},
	}
}
