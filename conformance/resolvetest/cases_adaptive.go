package resolvetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// adaptiveFixture is an adaptive strategy with scripted routes, time and chance.
type adaptiveFixture struct {
	*decorated
	blocked *upstream // the blocking route
	adapter Adapter
	clock   *clock
	names   int

	mu     sync.Mutex
	chance float64 // the next results of the random source
}

func (f *adaptiveFixture) random() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chance
}

func (f *adaptiveFixture) setChance(v float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.chance = v
}

// The numbers of the cases.
const (
	adaptiveSamples = 40
	adaptiveProbe   = 5 * time.Second
)

// adaptive makes the routes "blocking", "first" and "second", in this order. Only "second" answers
// questions for records and uses the system.
func (p Fixture) adaptive(t T, adjust func(o *resolve.AdaptiveOptions)) *adaptiveFixture {
	t.Helper()
	f := &adaptiveFixture{clock: newClock(), blocked: &upstream{t: t}, chance: 0.5}
	f.decorated = decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) {
		o := resolve.AdaptiveOptions{MinSamples: adaptiveSamples, Explore: 0.01, MaxFailures: 3, ProbeInterval: adaptiveProbe, Clock: f.clock.Now, Random: f.random,
			Routes: []resolve.Route{{Name: "blocking", Strategy: f.blocked, Blocking: true}, {Name: "first", Strategy: first},
				{Name: "second", Strategy: second, Records: true, System: true}}}
		if adjust != nil {
			adjust(&o)
		}
		var err error
		f.adapter, err = p.Adaptive(o)
		return f.adapter, err
	})
	return f
}

// question returns a question with a name of its own.
func (f *adaptiveFixture) question() resolve.Question {
	f.names++
	return a(fmt.Sprintf("n%d.example", f.names))
}

// goes starts a query, fails the case unless it goes to u alone, and completes it after took.
func (f *adaptiveFixture) goes(u *upstream, took time.Duration, err error) *call {
	f.owner.t.Helper()
	before := map[*upstream]int{f.first: f.first.count(), f.second: f.second.count(), f.blocked: f.blocked.count()}
	c := f.start(f.question())
	for v, n := range before {
		want := n
		if v == u {
			want++
		}
		if got := v.count(); got != want {
			f.owner.t.Fatalf("query %d: route %s has %d questions, want %d; decision: %v", f.names, f.name(v), got, want, f.adapter.Decide(c.Question))
		}
	}
	f.clock.advance(took)
	if err != nil {
		u.finish(u.count()-1, resolve.Answer{}, failure(c.Question, err))
	} else {
		u.finish(u.count()-1, answer(c.Question, "192.0.2.1"), nil)
	}
	return c
}

func (f *adaptiveFixture) name(u *upstream) string {
	return map[*upstream]string{f.first: "first", f.second: "second", f.blocked: "blocking"}[u]
}

// done completes a query that goes to u, with an answer.
func (f *adaptiveFixture) done(u *upstream, took time.Duration) {
	f.owner.t.Helper()
	c := f.goes(u, took, nil)
	f.owner.await(c)
	f.owner.once(c)
}

// decides fails the case unless the next query goes to that route, for a reason with these words.
func (f *adaptiveFixture) decides(route string, words ...string) {
	f.owner.t.Helper()
	d := f.adapter.Decide(a("decide.example"))
	ok := d.Route == route
	for _, w := range words {
		ok = ok && strings.Contains(d.Reason, w)
	}
	if !ok {
		f.owner.t.Errorf("decision: got %v, want %s, and %q", d, route, words)
	}
}

// failed makes the first route fail n queries, which the second route answers.
func (f *adaptiveFixture) failed(n int) {
	f.owner.t.Helper()
	for range n {
		before := f.second.count()
		c := f.goes(f.first, time.Millisecond, resolve.ErrServFail)
		f.second.asked(before+1, "a failure of the first route")
		f.second.finish(before, answer(c.Question, "192.0.2.2"), nil)
		f.owner.await(c)
		f.owner.once(c)
		c.holds("192.0.2.2")
	}
}

func adaptiveCases() []Case {
	allow := func(o *resolve.AdaptiveOptions) { o.AllowBlocking = true }
	samples := func(f *adaptiveFixture, n int, took time.Duration) {
		for range n {
			f.adapter.Sample("blocking", took, nil)
		}
	}
	return []Case{
		{ID: "adaptive/crowd", Doc: "resolve.Adaptive", Rule: "Only queries that start while at most MaxCompared are in flight are compared and explored.", Needs: needs(Adaptive),
			Run: func(t T, p Fixture) {
				f := p.adaptive(t, nil)
				var held []*call
				for range resolve.DefaultAdaptiveMaxCompared {
					held = append(held, f.start(f.question()))
				}
				f.setChance(0) // explores if it may
				for range 2 * adaptiveSamples {
					f.done(f.first, 10*time.Millisecond)
				}
				for i, c := range held {
					f.first.finish(i, answer(c.Question, "192.0.2.1"), nil)
				}
				f.owner.await(held...)
				// The first route has as many samples as the held queries, the second one has none.
				for range adaptiveSamples {
					c := f.start(f.question())
					f.clock.advance(time.Millisecond)
					for _, u := range []*upstream{f.first, f.second} {
						for i := range u.count() {
							u.finish(i, answer(u.started[i].Question, "192.0.2.1"), nil)
						}
					}
					f.owner.await(c)
				}
				f.setChance(0.5)
				f.decides("first")
			}},
		{ID: "adaptive/never-blocks", Doc: "resolve.Adaptive", Rule: "Start uses no blocking route unless AllowBlocking is set, however fast the route has been, and also not to explore or retry.",
			Source: "node#8436", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
				f := p.adaptive(t, nil)
				samples(f, 10*adaptiveSamples, time.Microsecond)
				f.decides("first", "blocks, which is not allowed")
				f.setChance(0)
				f.done(f.second, 10*time.Millisecond) // explores the route without samples
				f.setChance(0.5)
				f.failed(1)
				c := f.goes(f.first, time.Millisecond, resolve.ErrServFail)
				f.second.finish(f.second.count()-1, resolve.Answer{}, failure(c.Question, resolve.ErrServFail))
				f.owner.await(c)
				c.fails(resolve.ErrServFail)
				f.blocked.asked(0, "a blocking route")
			}},
		{ID: "adaptive/blocking-measured", Doc: "resolve.AdaptiveOptions", Rule: "An allowed blocking route is used only after MinSamples measurements within the budget.", Needs: needs(Adaptive),
			Run: func(t T, p Fixture) {
				f := p.adaptive(t, allow)
				f.decides("first", "blocks, and has 0 of 40 samples")
				samples(f, adaptiveSamples-1, 10*time.Microsecond)
				f.decides("first", "blocks, and has 39 of 40 samples")
				f.setChance(0)
				f.done(f.second, time.Millisecond)
				f.setChance(0.5)
				samples(f, 1, 10*time.Microsecond)
				f.decides("blocking")
				f.done(f.blocked, 0)
			}},
		{ID: "adaptive/blocking-tail", Doc: "resolve.AdaptiveOptions", Rule: "A blocking route whose 99th percentile exceeds the budget is not used.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, allow)
			samples(f, adaptiveSamples, 10*time.Microsecond)
			samples(f, adaptiveSamples, 200*time.Microsecond)
			f.decides("first", "above the budget of 50µs")
			f.done(f.first, time.Millisecond)
		}},
		{ID: "adaptive/blocking-miss", Doc: "resolve.MaxBlockingMiss", Rule: "A blocking route is not used after a miss that took longer than 1 ms, until MinSamples times were within the budget.", Needs: needs(Adaptive),
			Run: func(t T, p Fixture) {
				f := p.adaptive(t, allow)
				samples(f, 20*adaptiveSamples, 10*time.Microsecond)
				f.decides("blocking")
				samples(f, 1, 2*time.Millisecond)
				f.decides("first", "last miss")
				f.done(f.first, time.Millisecond)
				samples(f, adaptiveSamples-1, 10*time.Microsecond)
				f.decides("first", "last miss")
				samples(f, 1, 10*time.Microsecond)
				f.decides("blocking")
			}},
		{ID: "adaptive/best", Doc: "resolve.Adaptive", Rule: "A later route is used from the query after which both have MinSamples answers and its 95th percentile is lower by a fifth.", Needs: needs(Adaptive),
			Run: func(t T, p Fixture) {
				f := p.adaptive(t, nil)
				for range adaptiveSamples {
					f.setChance(0)
					f.decides("first")
					f.done(f.second, time.Millisecond)
					f.setChance(0.5)
				}
				for range adaptiveSamples {
					f.decides("first")
					f.done(f.first, 10*time.Millisecond)
				}
				f.decides("second", "second: p95 1ms over 40 samples", "first: p95 10ms over 40 samples")
				f.done(f.second, time.Millisecond)
			}},
		{ID: "adaptive/keeps", Doc: "resolve.Adaptive", Rule: "A route that is faster by less than a fifth does not replace an earlier one.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, nil)
			for range 2 * adaptiveSamples {
				f.setChance(0)
				f.done(f.second, 9*time.Millisecond)
				f.setChance(0.5)
				f.done(f.first, 10*time.Millisecond)
			}
		}},
		{ID: "adaptive/explore", Doc: "resolve.AdaptiveOptions", Rule: "The fraction Explore of the queries goes to another route, chosen by the random source alone.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, func(o *resolve.AdaptiveOptions) { o.Explore = 0.25 })
			for _, v := range []float64{0, 0.249, 0.25, 0.99, 0.1} {
				f.setChance(v)
				if v < 0.25 {
					f.done(f.second, time.Millisecond)
				} else {
					f.done(f.first, time.Millisecond)
				}
			}
		}},
		{ID: "adaptive/retry", Doc: "resolve.Adaptive", Rule: "A query that fails on one route is asked on the next, once. If all fail, it gets the last failure.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, nil)
			f.failed(1)
			c := f.goes(f.first, time.Millisecond, resolve.ErrServFail)
			f.second.finish(f.second.count()-1, resolve.Answer{}, failure(c.Question, resolve.ErrMalformed))
			f.owner.await(c)
			f.owner.once(c)
			c.fails(resolve.ErrMalformed)
			f.first.asked(2, "each query once")
			f.second.asked(2, "each query once")
		}},
		{ID: "adaptive/negative", Doc: "resolve.Adaptive", Rule: "A negative answer is an answer: it is not asked again, and the route has not failed.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, nil)
			for range 10 {
				c := f.goes(f.first, time.Millisecond, resolve.ErrNotFound)
				f.owner.await(c)
				c.fails(resolve.ErrNotFound)
			}
			f.second.asked(0, "negative answers")
			f.decides("first")
		}},
		{ID: "adaptive/down", Doc: "resolve.Adaptive", Rule: "After MaxFailures failures in a row for different names a route gets no queries. A success in between starts the count again.", Needs: needs(Adaptive),
			Run: func(t T, p Fixture) {
				f := p.adaptive(t, nil)
				f.failed(2)
				f.done(f.first, time.Millisecond)
				f.failed(3)
				f.decides("second", "first: down")
				f.done(f.second, time.Millisecond)
			}},
		{ID: "adaptive/one-name", Doc: "resolve.Adaptive", Rule: "Failures of one name do not take a route down, because the name's own servers may fail.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, nil)
			for range 10 {
				f.names = 0
				f.failed(1)
			}
			f.decides("first")
			f.done(f.first, time.Millisecond)
		}},
		{ID: "adaptive/probe", Doc: "resolve.Adaptive", Rule: "A route that is down gets a copy of a query once per interval. The query does not wait for it. After a success the route is used again.", Source: "c-ares#1197",
			Needs: needs(Adaptive), Run: func(t T, p Fixture) {
				f := p.adaptive(t, nil)
				f.failed(3)
				f.clock.advance(adaptiveProbe - time.Second)
				f.done(f.second, 0)
				f.clock.advance(2 * time.Second)
				c := f.start(f.question())
				f.first.asked(4, "an interval has passed")
				f.second.finish(f.second.count()-1, answer(c.Question, "192.0.2.2"), nil)
				f.owner.await(c)
				c.holds("192.0.2.2")
				f.done(f.second, 0) // no second copy
				f.clock.advance(2 * adaptiveProbe)
				d := f.start(f.question())
				f.first.asked(5, "another interval has passed")
				if f.first.stops() != 1 {
					t.Errorf("the copy without a result: got %d stopped, want 1", f.first.stops())
				}
				f.decides("second")
				f.first.finish(4, answer(d.Question, "192.0.2.66"), nil)
				f.decides("first")
				f.second.finish(f.second.count()-1, answer(d.Question, "192.0.2.2"), nil)
				f.owner.await(d)
				f.owner.once(c, d)
				d.holds("192.0.2.2")
				f.done(f.first, time.Millisecond)
			}},
		{ID: "adaptive/hangs", Doc: "resolve.Adaptive", Rule: "A route that does not answer before the deadlines of queries has failed.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, func(o *resolve.AdaptiveOptions) {
				// Every look at the clock finds it two seconds later: it has passed the deadlines.
				clock := newClock()
				o.Clock = func() time.Time {
					clock.advance(2 * time.Second)
					return clock.Now()
				}
				o.ProbeInterval = time.Hour
			})
			for wait := soon; f.first.count() < 3; wait *= 2 { // a machine may be too slow for a deadline: then no route is asked
				c := f.owner.query(f.question())
				c.Deadline = time.Now().Add(wait)
				f.strat.Start(c.Query)
				f.owner.await(c)
				f.owner.once(c)
				c.fails(resolve.ErrTimeout)
			}
			f.decides("second", "first: down")
			f.done(f.second, time.Millisecond)
		}},
		{ID: "adaptive/system", Doc: "resolve.AdaptiveOptions", Rule: "Questions that need the system go to System routes only. Without one they complete with ErrNoRoute.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			local := func(q resolve.Question) (bool, string) {
				return strings.HasSuffix(q.Name.String(), ".local"), "multicast DNS"
			}
			f := p.adaptive(t, func(o *resolve.AdaptiveOptions) { o.NeedsSystem = local })
			c := f.start(a("printer.local"))
			f.second.asked(1, "a name that needs the system")
			f.first.asked(0, "a name that needs the system")
			if d := f.adapter.Decide(c.Question); !strings.Contains(d.Reason, "multicast DNS") {
				t.Errorf("decision: got %v, want one with the reason", d)
			}
			f.done(f.first, time.Millisecond)
			f = p.adaptive(t, func(o *resolve.AdaptiveOptions) {
				o.NeedsSystem = local
				o.Routes[2].System = false
			})
			c = f.start(a("printer.local"))
			f.owner.await(c)
			f.owner.once(c)
			c.fails(resolve.ErrNoRoute)
		}},
		{ID: "adaptive/records", Doc: "resolve.Route", Rule: "Questions of other types than A and AAAA go to Records routes only.", Needs: needs(Adaptive), Run: func(t T, p Fixture) {
			f := p.adaptive(t, nil)
			f.start(question("one.example", resolve.TypeMX))
			f.second.asked(1, "a question for records")
			f.first.asked(0, "a question for records")
		}},
	}
}
