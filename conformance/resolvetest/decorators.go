package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// decorated is a strategy around one or two scripted ones.
type decorated struct {
	first, second *upstream
	strat         resolve.Strategy
	owner         *owner
}

// decorate makes the strategy with make, which gets the two scripted ones.
func decorate(t T, build func(first, second resolve.Strategy) (resolve.Strategy, error)) *decorated {
	t.Helper()
	d := &decorated{first: &upstream{t: t}, second: &upstream{t: t}, owner: newOwner(t)}
	s, err := build(d.first, d.second)
	if err != nil {
		t.Fatalf("got %v, want a strategy", err)
	}
	d.strat = s
	return d
}

func (d *decorated) start(q resolve.Question) *call { return d.owner.start(d.strat, q) }

// decorator is a part with what its general cases need.
type decorator struct {
	name    string
	doc     string
	feature Feature
	two     bool // it has two strategies
	build   func(p Fixture, first, second resolve.Strategy) (resolve.Strategy, error)
}

func decorators() []decorator {
	return []decorator{
		{name: "limit", doc: "resolve.Limit", feature: Limit, build: func(p Fixture, first, _ resolve.Strategy) (resolve.Strategy, error) {
			return p.Limit(resolve.LimitOptions{}, first)
		}},
		{name: "fallback", doc: "resolve.Fallback", feature: Fallback, two: true, build: func(p Fixture, first, second resolve.Strategy) (resolve.Strategy, error) {
			return p.Fallback(resolve.FallbackOptions{}, first, second)
		}},
		{name: "race", doc: "resolve.Race", feature: Race, two: true, build: func(p Fixture, first, second resolve.Strategy) (resolve.Strategy, error) {
			return p.Race(first, second)
		}},
		{name: "hedge", doc: "resolve.Hedge", feature: Hedge, two: true, build: func(p Fixture, first, second resolve.Strategy) (resolve.Strategy, error) {
			return p.Hedge(resolve.HedgeOptions{Second: second, MaxDelay: time.Hour}, first)
		}},
		{name: "filter", doc: "resolve.Filter", feature: Filter, build: func(p Fixture, first, _ resolve.Strategy) (resolve.Strategy, error) {
			return p.Filter(resolve.FilterOptions{}, first)
		}},
		{name: "observe", doc: "resolve.Observe", feature: Observe, build: func(p Fixture, first, _ resolve.Strategy) (resolve.Strategy, error) {
			return p.Observe(&resolve.Stats{}, nil, first), nil
		}},
		{name: "adaptive", doc: "resolve.Adaptive", feature: Adaptive, two: true, build: func(p Fixture, first, second resolve.Strategy) (resolve.Strategy, error) {
			return p.Adaptive(resolve.AdaptiveOptions{Explore: -1, Routes: []resolve.Route{{Name: "first", Strategy: first}, {Name: "second", Strategy: second}}})
		}},
	}
}

// decoratorCases are the rules that every decorator keeps.
func decoratorCases() []Case {
	one := a("one.example")
	var cases []Case
	for _, d := range decorators() {
		open := func(t T, p Fixture) *decorated {
			t.Helper()
			return decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) { return d.build(p, first, second) })
		}
		cases = append(cases,
			Case{ID: d.name + "/memory", Doc: "resolve.Strategy.Try", Rule: "A decorator returns what the next strategy has in memory, and asks nothing for a Try.",
				Needs: needs(d.feature), Run: func(t T, p Fixture) {
					f := open(t, p)
					_, err := f.strat.Try(one)
					isError(t, "Try without an answer", err, resolve.ErrWouldBlock)
					f.first.try = fixed
					got, err := f.strat.Try(one)
					holds(t, "Try", got, err, "192.0.2.1")
					f.first.asked(0, "Try")
					f.second.asked(0, "Try")
				}},
			Case{ID: d.name + "/answers", Doc: "resolve.Strategy.Start", Rule: "A decorator passes a question on and completes the query once, with the answer, in Run.",
				Needs: needs(d.feature), Run: func(t T, p Fixture) {
					f := open(t, p)
					c := f.start(one)
					f.first.asked(1, "a query")
					f.first.finish(0, answer(one, "192.0.2.1"), nil)
					f.owner.await(c)
					f.owner.once(c)
					c.holds("192.0.2.1")
				}},
			Case{ID: d.name + "/cancel", Doc: "resolve.Query.Cancel", Rule: "A cancellation goes down to the strategies that were asked.",
				Needs: needs(d.feature), Run: func(t T, p Fixture) {
					f := open(t, p)
					c, early := f.start(one), f.owner.query(one)
					c.Cancel()
					early.Cancel()
					f.strat.Start(early.Query)
					f.owner.await(c, early)
					f.owner.once(c, early)
					c.fails(resolve.ErrCanceled)
					early.fails(resolve.ErrCanceled)
					if f.first.stops() != 1 || f.second.stops() != f.second.count() {
						t.Errorf("got %d questions stopped of %d, and %d of %d, want 1 and all",
							f.first.stops(), f.first.count(), f.second.stops(), f.second.count())
					}
				}},
			Case{ID: d.name + "/close", Doc: "resolve.Strategy.Close", Rule: "Close closes the strategies below, and completes the queries in flight with ErrClosed. So do later queries.",
				Needs: needs(d.feature), Run: func(t T, p Fixture) {
					f := open(t, p)
					c := f.start(one)
					if err := f.strat.Close(); err != nil {
						t.Errorf("Close: got %v, want nil", err)
					}
					if !f.first.closed || f.second.closed != d.two {
						t.Errorf("closed below: got %v and %v, want true and %v", f.first.closed, f.second.closed, d.two)
					}
					later := f.start(one)
					f.owner.await(c, later)
					f.owner.once(c, later)
					c.fails(resolve.ErrClosed)
					later.fails(resolve.ErrClosed)
				}})
	}
	return cases
}
