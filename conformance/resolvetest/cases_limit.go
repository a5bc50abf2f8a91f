package resolvetest

import (
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

func (p Fixture) limited(t T, inFlight, queued int) *decorated {
	t.Helper()
	return decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) {
		return p.Limit(resolve.LimitOptions{MaxInFlight: inFlight, MaxQueued: queued}, first)
	})
}

func limitCases() []Case {
	return []Case{
		{ID: "limit/bounded", Doc: "resolve.Limit", Rule: "No more queries than the bound are in flight below. The others follow in the order of arrival, one for each that finishes.",
			Source: "envoy#45073", Needs: needs(Limit), Run: func(t T, p Fixture) {
				f := p.limited(t, 2, 16)
				var calls []*call
				for i := range 6 {
					calls = append(calls, f.start(a(fmt.Sprintf("l%d.example", i))))
				}
				for i, c := range calls {
					f.first.asked(min(i+2, len(calls)), "queries in flight")
					f.first.mu.Lock()
					if got := f.first.started[i].Question; got != c.Question {
						t.Errorf("question %d: got %v, want %v", i, got, c.Question)
					}
					f.first.mu.Unlock()
					f.first.finish(i, answer(c.Question, "192.0.2.1"), nil)
				}
				f.owner.await(calls...)
				f.owner.once(calls...)
				for _, c := range calls {
					c.holds("192.0.2.1")
				}
			}},
		{ID: "limit/failure-frees", Doc: "resolve.Limit", Rule: "A query that fails below makes room, like one with an answer.", Needs: needs(Limit), Run: func(t T, p Fixture) {
			f := p.limited(t, 1, 16)
			one, two, three := f.start(a("one.example")), f.start(a("two.example")), f.start(a("three.example"))
			f.first.finish(0, resolve.Answer{}, failure(one.Question, resolve.ErrServFail))
			f.first.finish(1, resolve.Answer{}, failure(two.Question, resolve.ErrServFail))
			f.first.finish(2, answer(three.Question, "192.0.2.3"), nil)
			f.owner.await(one, two, three)
			two.fails(resolve.ErrServFail)
			three.holds("192.0.2.3")
		}},
		{ID: "limit/queue-full", Doc: "resolve.LimitOptions", Rule: "A query beyond the queue completes with ErrQueueFull. The others get their answers.", Needs: needs(Limit),
			Run: func(t T, p Fixture) {
				f := p.limited(t, 1, 1)
				one, two, three := f.start(a("one.example")), f.start(a("two.example")), f.start(a("three.example"))
				f.owner.await(three)
				three.fails(resolve.ErrQueueFull)
				f.first.finish(0, answer(one.Question, "192.0.2.1"), nil)
				f.first.finish(1, answer(two.Question, "192.0.2.2"), nil)
				f.owner.await(one, two)
				f.owner.once(one, two, three)
				two.holds("192.0.2.2")
			}},
		{ID: "limit/cancel-queued", Doc: "resolve.Limit", Rule: "A canceled query leaves the queue: it frees its place and is not asked.", Needs: needs(Limit),
			Run: func(t T, p Fixture) {
				f := p.limited(t, 1, 1)
				one, two := f.start(a("one.example")), f.start(a("two.example"))
				two.Cancel()
				f.owner.await(two)
				two.fails(resolve.ErrCanceled)
				three := f.start(a("three.example"))
				f.first.finish(0, answer(one.Question, "192.0.2.1"), nil)
				f.first.asked(2, "the query after the canceled one")
				f.first.finish(1, answer(three.Question, "192.0.2.3"), nil)
				f.owner.await(one, three)
				three.holds("192.0.2.3")
			}},
		{ID: "limit/cancel-frees", Doc: "resolve.Limit", Rule: "A canceled query in flight makes room for the next, and the cancellation goes down, also for a query that had waited.",
			Needs: needs(Limit), Run: func(t T, p Fixture) {
				f := p.limited(t, 1, 4)
				one, two, three := f.start(a("one.example")), f.start(a("two.example")), f.start(a("three.example"))
				one.Cancel()
				f.first.asked(2, "the first query is canceled")
				two.Cancel()
				f.first.asked(3, "the second query is canceled")
				if f.first.stops() != 2 {
					t.Errorf("got %d questions stopped, want 2", f.first.stops())
				}
				f.first.finish(2, answer(three.Question, "192.0.2.3"), nil)
				f.owner.await(one, two, three)
				f.owner.once(one, two, three)
				three.holds("192.0.2.3")
			}},
		{ID: "limit/deadline-queued", Doc: "resolve.Limit", Rule: "A queued query completes at its deadline.", Needs: needs(Limit), Run: func(t T, p Fixture) {
			f := p.limited(t, 1, 4)
			f.start(a("one.example"))
			c := f.owner.query(a("two.example"))
			c.Deadline = time.Now().Add(soon)
			f.strat.Start(c.Query)
			f.owner.await(c)
			c.fails(resolve.ErrTimeout)
			f.first.asked(1, "a query whose deadline passed in the queue")
		}},
		{ID: "limit/close-queued", Doc: "resolve.Limit.Close", Rule: "Close completes queued queries with ErrClosed, and asks none of them.", Needs: needs(Limit), Run: func(t T, p Fixture) {
			f := p.limited(t, 1, 4)
			calls := []*call{f.start(a("one.example")), f.start(a("two.example")), f.start(a("three.example"))}
			f.strat.Close()
			f.owner.await(calls...)
			f.owner.once(calls...)
			for _, c := range calls {
				c.fails(resolve.ErrClosed)
			}
			f.first.asked(1, "queries queued at Close")
		}},
	}
}
