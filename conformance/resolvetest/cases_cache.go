package resolvetest

import (
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

type cacheFixture struct {
	t      T
	clock  *clock
	timers *timers
	next   *upstream
	strat  resolve.Strategy
	owner  *owner
}

func (p Fixture) cache(t T, options resolve.CacheOptions) *cacheFixture {
	t.Helper()
	f := &cacheFixture{t: t, clock: newClock(), timers: &timers{}, next: &upstream{t: t}, owner: newOwner(t)}
	options.Clock, options.AfterFunc = f.clock.Now, f.timers.AfterFunc
	var err error
	if f.strat, err = p.Cache(options, f.next); err != nil {
		t.Fatalf("cache: %v", err)
	}
	return f
}

// learn asks q, which must be passed on, and answers it with a time to live. A negative ttl means
// none.
func (f *cacheFixture) learn(q resolve.Question, ttl time.Duration, cause error) {
	f.t.Helper()
	n := f.next.count()
	c := f.owner.start(f.strat, q)
	f.next.asked(n+1, "a question that is not in the cache, "+q.String())
	var expires time.Time
	if ttl >= 0 {
		expires = f.clock.Now().Add(ttl)
	}
	if cause != nil {
		f.next.finish(n, resolve.Answer{}, &resolve.Error{Op: "script", Question: q, Expires: expires, Err: cause})
	} else {
		ans, _ := fixed(q)
		ans.Expires = expires
		f.next.finish(n, ans, nil)
	}
	f.owner.await(c)
	f.owner.once(c)
	if cause != nil {
		c.fails(cause)
	} else if c.err != nil || c.answer.Len() != 1 {
		f.t.Errorf("%v: got %v, %v, want one address", q, c.answer, c.err)
	}
}

// has checks that q is answered from memory if want is true, and that it is not if want is false.
func (f *cacheFixture) has(q resolve.Question, want bool) {
	f.t.Helper()
	if _, err := f.strat.Try(q); (err != resolve.ErrWouldBlock) != want {
		f.t.Errorf("%v: got error %v from Try, want in the cache: %v", q, err, want)
	}
}

func cacheCases() []Case {
	return slices.Concat(cacheAnswerCases(), cacheBoundCases(), cacheNegativeCases(), cacheFailureCases(), cacheStaleCases(), cachePrefetchCases())
}

func cacheAnswerCases() []Case {
	one, two := a("one.example"), a("two.example")
	return []Case{
		{ID: "cache/hit", Doc: "resolve.Cache", Rule: "Try and Start return a remembered answer without a lookup. It is marked as cached and keeps its source.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learn(one, time.Minute, nil)
				got, err := both(t, f.strat, one)
				holds(t, "hit", got, err, "192.0.2.1")
				if !got.Cached || got.Question != one {
					t.Errorf("got Cached %v, Question %v, want Cached and the question asked", got.Cached, got.Question)
				}
				f.next.asked(1, "one miss and two hits")
			}},
		{ID: "cache/other-type", Doc: "resolve.Cache", Rule: "The key is the whole question: another type of the same name is asked for.", Source: "systemd#11789",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learn(aaaa("one.example"), time.Minute, resolve.ErrNoData)
				f.has(one, false)
				f.learn(one, time.Minute, nil)
				_, err := f.strat.Try(aaaa("one.example"))
				isError(t, "AAAA", err, resolve.ErrNoData)
			}},
		{ID: "cache/expires", Doc: "resolve.Cache", Rule: "An answer is remembered until it expires, and its expiry does not move.", Source: "dnscrypt#1624",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learn(one, time.Minute, nil)
				end := f.clock.Now().Add(time.Minute)
				f.clock.advance(time.Minute - time.Nanosecond)
				got, err := f.strat.Try(one)
				holds(t, "just before the end", got, err, "192.0.2.1")
				if !got.Expires.Equal(end) {
					t.Errorf("got Expires %v, want %v", got.Expires, end)
				}
				f.clock.advance(time.Nanosecond)
				f.has(one, false)
				f.learn(one, time.Minute, nil)
			}},
		{ID: "cache/zero-ttl", Doc: "resolve.Cache", Rule: "An answer that has expired on arrival is not stored, regardless of MinTTL.", Source: "hickory#3960",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MinTTL: time.Minute})
				f.learn(one, 0, nil)
				f.has(one, false)
			}},
		{ID: "cache/ttl-min", Doc: "resolve.CacheOptions.MinTTL", Rule: "A time to live shorter than MinTTL is raised to it.", Needs: needs(Cache), Run: func(t T, p Fixture) {
			f := p.cache(t, resolve.CacheOptions{MinTTL: time.Minute})
			f.learn(one, time.Second, nil)
			f.clock.advance(time.Minute - time.Nanosecond)
			f.has(one, true)
			f.clock.advance(time.Nanosecond)
			f.has(one, false)
		}},
		{ID: "cache/ttl-max", Doc: "resolve.CacheOptions.MaxTTL", Rule: "A time to live longer than MaxTTL is cut to it.", Source: "RFC 8767, section 4", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxTTL: time.Minute})
				f.learn(one, (1<<32-1)*time.Second, nil)
				f.clock.advance(time.Minute - time.Nanosecond)
				f.has(one, true)
				f.clock.advance(time.Nanosecond)
				f.has(one, false)
			}},
		{ID: "cache/ttl-unknown", Doc: "resolve.Cache", Rule: "An answer that states no time to live is remembered for TTLUnknown.", Needs: needs(Cache), Run: func(t T, p Fixture) {
			f := p.cache(t, resolve.CacheOptions{TTLUnknown: time.Minute})
			f.learn(one, -1, nil)
			f.clock.advance(time.Minute - time.Nanosecond)
			f.has(one, true)
			f.clock.advance(time.Nanosecond)
			f.has(one, false)
		}},
		{ID: "cache/negative", Doc: "resolve.Cache", Rule: "ErrNotFound and ErrNoData are remembered until they expire.", Source: "RFC 2308", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learn(one, time.Minute, resolve.ErrNotFound)
				f.learn(two, time.Minute, resolve.ErrNoData)
				f.clock.advance(time.Minute - time.Nanosecond)
				_, err := both(t, f.strat, one)
				isError(t, "one", err, resolve.ErrNotFound)
				_, err = both(t, f.strat, two)
				isError(t, "two", err, resolve.ErrNoData)
				f.clock.advance(time.Nanosecond)
				f.has(one, false)
				f.has(two, false)
			}},
		{ID: "cache/negative-bounded", Doc: "resolve.Cache", Rule: "A negative answer is remembered for at most MaxNegativeTTL, and for NegativeTTLUnknown if it states no time to live.",
			Source: "ncruces/go-dns kept them for 68 years", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxNegativeTTL: time.Minute, NegativeTTLUnknown: time.Second})
				f.learn(one, time.Hour, resolve.ErrNotFound)
				f.learn(two, -1, resolve.ErrNotFound)
				f.has(two, true)
				f.clock.advance(time.Second)
				f.has(two, false)
				f.has(one, true)
				f.clock.advance(time.Minute - time.Second)
				f.has(one, false)
			}},
		{ID: "cache/mismatch", Doc: "resolve.Cache", Rule: "An answer to another question is not stored.", Source: "coredns#5174", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				c := f.owner.start(f.strat, one)
				f.next.finish(0, answer(two, "192.0.2.66"), nil)
				f.owner.await(c)
				f.has(one, false)
				f.has(two, false)
			}},
		{ID: "cache/close", Doc: "resolve.Cache", Rule: "Close closes the strategy below: queries in flight complete with ErrClosed.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				c := f.owner.start(f.strat, one)
				f.strat.Close()
				f.owner.await(c)
				c.fails(resolve.ErrClosed)
			}},
	}
}
