package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

type coalesceFixture struct {
	next  *upstream
	strat resolve.Strategy
	owner *owner
}

func (p Fixture) coalesce(t T, waitersMax int) *coalesceFixture {
	u := &upstream{t: t}
	return &coalesceFixture{next: u, strat: p.Coalesce(waitersMax, u), owner: newOwner(t)}
}

func (f *coalesceFixture) start(q resolve.Question) *call { return f.owner.start(f.strat, q) }

func coalesceCases() []Case {
	one, two := a("one.example"), a("two.example")
	return []Case{
		{ID: "coalesce/one-question", Doc: "resolve.Coalesce", Rule: "Queries with the same question that are in flight together are one question below, and all get its answer.",
			Source: "CVE-2020-25686", Needs: needs(Coalesce), Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				var calls []*call
				for range 1000 {
					calls = append(calls, f.start(one))
				}
				f.next.asked(1, "1000 queries with one question")
				ans, err := fixed(one)
				f.next.finish(0, ans, err)
				f.owner.await(calls...)
				f.owner.once(calls...)
				for _, c := range calls {
					c.holds("192.0.2.1")
				}
			}},
		{ID: "coalesce/different", Doc: "resolve.Coalesce", Rule: "Questions that differ in name or type are asked separately and get their own answers.", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				calls := []*call{f.start(one), f.start(two), f.start(aaaa("one.example"))}
				f.next.asked(3, "three questions")
				f.next.finish(2, answer(calls[2].Question, "2001:db8::3"), nil)
				f.next.finish(1, answer(two, "192.0.2.2"), nil)
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(calls...)
				calls[0].holds("192.0.2.1")
				calls[1].holds("192.0.2.2")
				calls[2].holds("2001:db8::3")
			}},
		{ID: "coalesce/again", Doc: "resolve.Coalesce", Rule: "A query after the answer asks again: no answer is remembered.", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				c := f.start(one)
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(c)
				c = f.start(one)
				f.next.asked(2, "a query after the answer")
				f.next.finish(1, answer(one, "192.0.2.2"), nil)
				f.owner.await(c)
				c.holds("192.0.2.2")
			}},
		{ID: "coalesce/error-shared", Doc: "resolve.Coalesce", Rule: "All waiting queries get an error, which is not remembered.", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				calls := []*call{f.start(one), f.start(one)}
				f.next.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.owner.await(calls...)
				for _, c := range calls {
					c.fails(resolve.ErrServFail)
				}
				f.start(one)
				f.next.asked(2, "a query after the error")
			}},
		{ID: "coalesce/cancel-one", Doc: "resolve.Coalesce", Rule: "A cancellation ends only its own query, even if that is the first.", Source: "go#22724", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				first, second, third := f.start(one), f.start(one), f.start(one)
				first.Cancel()
				third.Cancel()
				f.owner.await(first, third)
				first.fails(resolve.ErrCanceled)
				third.fails(resolve.ErrCanceled)
				if second.completions() != 0 || f.next.stops() != 0 {
					t.Errorf("the cancellation of others ended the query: %d completions, %d questions stopped, want none", second.completions(), f.next.stops())
				}
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(second)
				f.owner.once(first, second, third)
				second.holds("192.0.2.1")
			}},
		{ID: "coalesce/cancel-all", Doc: "resolve.Coalesce", Rule: "The question below is canceled after the last query has gone. A later query asks again.",
			Source: "nydus#1954", Needs: needs(Coalesce), Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				calls := []*call{f.start(one), f.start(one)}
				for _, c := range calls {
					c.Cancel()
				}
				f.owner.await(calls...)
				if f.next.stops() != 1 {
					t.Errorf("%d questions below were stopped, want 1", f.next.stops())
				}
				c := f.start(one)
				f.next.asked(2, "a query after all others have gone")
				f.next.finish(0, answer(one, "192.0.2.66"), nil) // late, and for no query
				f.next.finish(1, answer(one, "192.0.2.1"), nil)
				f.owner.await(c)
				c.holds("192.0.2.1")
			}},
		{ID: "coalesce/deadline-alone", Doc: "resolve.Coalesce", Rule: "A deadline ends only its own query.", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				var f *coalesceFixture
				var hurried, patient *call
				// A machine may be too slow for the second query to join before the deadline. Such
				// an attempt proves nothing.
				for wait, late := soon, true; late; wait *= 2 {
					f = p.coalesce(t, 0)
					hurried = f.owner.query(one)
					hurried.Deadline = time.Now().Add(wait)
					f.strat.Start(hurried.Query)
					patient = f.start(one)
					late = !time.Now().Before(hurried.Deadline)
				}
				f.owner.await(hurried)
				hurried.fails(resolve.ErrTimeout)
				if patient.completions() != 0 || f.next.stops() != 0 {
					t.Errorf("the deadline of another ended the query")
				}
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(patient)
				patient.holds("192.0.2.1")
			}},
		{ID: "coalesce/bounded", Doc: "resolve.Coalesce", Rule: "Queries beyond the bound complete with ErrQueueFull. Queries that leave make room.", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f := p.coalesce(t, 2)
				first, second, third := f.start(one), f.start(two), f.start(one)
				f.owner.await(third)
				third.fails(resolve.ErrQueueFull)
				first.Cancel()
				fourth := f.start(two)
				f.next.finish(1, answer(two, "192.0.2.2"), nil)
				f.owner.await(first, second, fourth)
				fourth.holds("192.0.2.2")
			}},
		{ID: "coalesce/in-done", Doc: "resolve.Coalesce", Rule: "Done may start and cancel queries with the same question.", Source: "c-ares CVE-2026-33630",
			Needs: needs(Coalesce), Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				first, other, again := f.owner.query(one), f.owner.query(two), f.owner.query(one)
				done := first.Done
				first.Done = func(ans resolve.Answer, err error) {
					done(ans, err)
					other.Cancel()
					f.strat.Start(again.Query)
				}
				f.strat.Start(first.Query)
				f.strat.Start(other.Query)
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(first, other)
				f.next.asked(3, "the query that Done started")
				f.next.finish(2, answer(one, "192.0.2.2"), nil)
				f.owner.await(again)
				f.owner.once(first, other, again)
				other.fails(resolve.ErrCanceled)
				again.holds("192.0.2.2")
			}},
		{ID: "coalesce/late-result", Doc: "resolve.Coalesce", Rule: "The late result of a question that was canceled goes to no query, not even to a later one with the same question.",
			Needs: needs(Coalesce), Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				c := f.start(one)
				c.Cancel()
				f.owner.await(c)
				again := f.start(one)
				f.next.asked(2, "a query after the first has gone")
				f.next.finish(0, answer(one, "192.0.2.66"), nil)
				f.owner.run()
				if again.completions() != 0 {
					t.Fatalf("the late result completed a later query")
				}
				f.next.finish(1, answer(one, "192.0.2.1"), nil)
				f.owner.await(again)
				again.holds("192.0.2.1")
			}},
		{ID: "coalesce/in-hook", Doc: "resolve.Coalesce", Rule: "A hook of a query may start and cancel queries with the same question. Both see that the flight has ended.",
			Source: "c-ares CVE-2026-33630", Needs: needs(Coalesce), Run: func(t T, p Fixture) {
				f := p.coalesce(t, 0)
				first, second, again := f.owner.query(one), f.owner.query(one), f.owner.query(one)
				first.OnFinish(func(*resolve.Query, resolve.Answer, error) {
					second.Cancel()
					f.strat.Start(again.Query)
				})
				f.strat.Start(first.Query)
				f.strat.Start(second.Query)
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(first, second)
				f.next.asked(2, "the query that the hook started")
				f.next.finish(1, answer(one, "192.0.2.2"), nil)
				f.owner.await(again)
				f.owner.once(first, second, again)
				first.holds("192.0.2.1")
				second.fails(resolve.ErrCanceled)
				again.holds("192.0.2.2")
			}},
		{ID: "coalesce/apart", Doc: "resolve.NewCoalesce", Rule: "Two Coalesce share nothing: each asks its own strategy.", Source: "go#22908", Needs: needs(Coalesce),
			Run: func(t T, p Fixture) {
				f, g := p.coalesce(t, 0), p.coalesce(t, 0)
				c, d := f.start(one), g.start(one)
				f.next.asked(1, "the first Coalesce")
				g.next.asked(1, "the second Coalesce")
				f.next.finish(0, answer(one, "192.0.2.1"), nil)
				g.next.finish(0, answer(one, "192.0.2.2"), nil)
				f.owner.await(c)
				g.owner.await(d)
				c.holds("192.0.2.1")
				d.holds("192.0.2.2")
			}},
		{ID: "coalesce/close", Doc: "resolve.Coalesce", Rule: "Close completes all waiting queries with ErrClosed.", Needs: needs(Coalesce), Run: func(t T, p Fixture) {
			f := p.coalesce(t, 0)
			calls := []*call{f.start(one), f.start(one), f.start(two)}
			f.strat.Close()
			f.owner.await(calls...)
			f.owner.once(calls...)
			for _, c := range calls {
				c.fails(resolve.ErrClosed)
			}
		}},
	}
}
