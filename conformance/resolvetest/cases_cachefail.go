package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// learnAbsent asks q, which must be passed on, and answers it with NXDOMAIN.
func (f *cacheFixture) learnAbsent(q resolve.Question, rcode resolve.RCode) {
	f.t.Helper()
	n := f.next.count()
	c := f.owner.start(f.strat, q)
	f.next.finish(n, resolve.Answer{}, &resolve.Error{Op: "script", Question: q, RCode: rcode, Expires: f.clock.Now().Add(time.Minute), Err: resolve.ErrNotFound})
	f.owner.await(c)
	c.fails(resolve.ErrNotFound)
}

func cacheNegativeCases() []Case {
	one := a("one.example")
	mx, cname := question("one.example", resolve.TypeMX), question("one.example", resolve.TypeCNAME)
	return []Case{
		{ID: "cache/name-error", Doc: "resolve.Cache", Rule: "A name that does not exist by its response code is not asked for with another type, until the entry expires.",
			Source: "RFC 2308, section 5", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learnAbsent(one, resolve.RCodeNameError)
				for _, q := range []resolve.Question{one, mx} {
					_, err := both(t, f.strat, q)
					isError(t, q.String(), err, resolve.ErrNotFound)
				}
				f.has(a("sub.one.example"), false)
				f.clock.advance(time.Minute)
				f.has(mx, false)
			}},
		{ID: "cache/name-error-alias", Doc: "resolve.Cache", Rule: "A name that does not exist may be the target of an alias: the alias itself is asked for.",
			Source: "RFC 6604, section 3", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learnAbsent(one, resolve.RCodeNameError)
				f.has(cname, false)
			}},
		{ID: "cache/name-error-unproven", Doc: "resolve.Cache", Rule: "ErrNotFound without the response code of a name error answers only its own type.",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				f.learnAbsent(one, resolve.RCodeSuccess)
				f.has(one, true)
				f.has(mx, false)
			}},
		{ID: "cache/name-error-ends", Doc: "resolve.Cache", Rule: "A later answer for the name, of any type, ends the entry of a name that does not exist.",
			Source: "RFC 4074, section 4.2", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				c := f.owner.start(f.strat, one)
				f.learnAbsent(aaaa("one.example"), resolve.RCodeNameError)
				f.has(mx, true)
				ans, _ := fixed(one)
				ans.Expires = f.clock.Now().Add(time.Minute)
				f.next.finish(0, ans, nil)
				f.owner.await(c)
				f.has(mx, false)
				f.has(one, true)
			}},
	}
}

func cacheFailureCases() []Case {
	one := a("one.example")
	options := resolve.CacheOptions{MinFailureTTL: time.Second, MaxFailureTTL: 4 * time.Second}
	// fails checks that a failure of q is stored for exactly d.
	fails := func(f *cacheFixture, d time.Duration, cause error) {
		f.t.Helper()
		f.learn(one, -1, cause)
		_, err := both(f.t, f.strat, one)
		isError(f.t, "stored failure", err, cause)
		f.clock.advance(d - time.Nanosecond)
		f.has(one, true)
		f.clock.advance(time.Nanosecond)
		f.has(one, false)
	}
	return []Case{
		{ID: "cache/failure", Doc: "resolve.CacheOptions.MinFailureTTL", Rule: "A failure that the strategy reports is stored for MinFailureTTL.", Source: "RFC 9520, section 3.2",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				for _, cause := range []error{resolve.ErrServFail, resolve.ErrTimeout, resolve.ErrMalformed} {
					fails(p.cache(t, options), time.Second, cause)
				}
			}},
		{ID: "cache/failure-doubles", Doc: "resolve.CacheOptions.MaxFailureTTL", Rule: "The time doubles while the question fails, to MaxFailureTTL at most, and begins again after a quiet time.",
			Source: "RFC 9520, section 3.2", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, options)
				for _, d := range []time.Duration{1, 2, 4, 4} {
					fails(f, d*time.Second, resolve.ErrServFail)
				}
				f.clock.advance(options.MaxFailureTTL)
				fails(f, time.Second, resolve.ErrServFail)
			}},
		{ID: "cache/failure-ends", Doc: "resolve.Cache", Rule: "An answer ends the count of failures.", Source: "systemd#18769", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, options)
				fails(f, time.Second, resolve.ErrServFail)
				fails(f, 2*time.Second, resolve.ErrServFail)
				f.learn(one, 0, nil) // not stored itself
				fails(f, time.Second, resolve.ErrServFail)
			}},
		{ID: "cache/failure-together", Doc: "resolve.Cache", Rule: "Queries that fail while the failure is stored do not make it longer.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, options)
				first, second := f.owner.start(f.strat, one), f.owner.start(f.strat, one)
				f.next.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.next.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.owner.await(first, second)
				f.clock.advance(time.Second)
				f.has(one, false)
			}},
		{ID: "cache/failures", Doc: "resolve.Cache", Rule: "The end of a query by its caller is not a failure of the question, and neither is a bound or Close.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, options)
				for _, cause := range []error{resolve.ErrQueueFull, resolve.ErrClosed} {
					f.learn(one, -1, cause)
					f.has(one, false)
				}
				c := f.owner.start(f.strat, one)
				c.Cancel()
				f.owner.await(c)
				f.has(one, false)
				c = f.owner.query(one)
				c.Deadline = time.Now()
				f.strat.Start(c.Query)
				f.owner.await(c)
				c.fails(resolve.ErrTimeout)
				f.has(one, false)
			}},
		{ID: "cache/failures-forgotten", Doc: "resolve.CacheOptions.ForgetFailures", Rule: "ForgetFailures stores no failure.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{ForgetFailures: true})
				f.learn(one, -1, resolve.ErrServFail)
				f.has(one, false)
			}},
	}
}
