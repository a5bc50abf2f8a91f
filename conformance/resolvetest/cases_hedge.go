package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// hedgeFixture is a hedge whose time moves when the case moves it.
type hedgeFixture struct {
	*decorated
	clock  *clock
	timers *timers
}

func (p Fixture) hedge(t T, options resolve.HedgeOptions) *hedgeFixture {
	t.Helper()
	f := &hedgeFixture{clock: newClock(), timers: &timers{}}
	options.Clock, options.AfterFunc = f.clock.Now, f.timers.AfterFunc
	f.decorated = decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) {
		options.Second = second
		return p.Hedge(options, first)
	})
	return f
}

// answered starts n queries that the first strategy answers after took.
func (f *hedgeFixture) answered(n int, took time.Duration) {
	for range n {
		c := f.start(a("one.example"))
		f.clock.advance(took)
		f.first.finish(f.first.count()-1, answer(c.Question, "192.0.2.1"), nil)
		f.owner.await(c)
	}
}

func hedgeCases() []Case {
	one := a("one.example")
	all := resolve.HedgeOptions{Budget: 1}
	return []Case{
		{ID: "hedge/after-delay", Doc: "resolve.Hedge", Rule: "The second strategy is asked after the delay and not before. Its answer wins if it is the first, and the first question is canceled.",
			Source: "Dean and Barroso, The Tail at Scale", Needs: needs(Hedge), Run: func(t T, p Fixture) {
				f := p.hedge(t, all)
				c := f.start(one)
				f.second.asked(0, "before the delay")
				f.timers.fire()
				f.second.asked(1, "after the delay")
				f.second.finish(0, answer(one, "192.0.2.2"), nil)
				f.first.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(c)
				f.owner.once(c)
				c.holds("192.0.2.2")
				if f.first.stops() != 1 {
					t.Errorf("first question: got %d stopped, want 1", f.first.stops())
				}
			}},
		{ID: "hedge/first-wins", Doc: "resolve.Hedge", Rule: "An answer of the first strategy cancels the second question, and stops a delay that still runs.", Needs: needs(Hedge), Run: func(t T, p Fixture) {
			f := p.hedge(t, all)
			c, d := f.start(one), f.start(one)
			f.first.finish(0, answer(one, "192.0.2.1"), nil)
			if n := f.timers.fire(); n != 1 {
				t.Errorf("got %d delays left, want 1", n)
			}
			f.second.asked(1, "the delay of the other query")
			f.first.finish(1, answer(one, "192.0.2.1"), nil)
			f.owner.await(c, d)
			f.owner.once(c, d)
			if f.second.stops() != 1 {
				t.Errorf("second question: got %d stopped, want 1", f.second.stops())
			}
		}},
		{ID: "hedge/negative", Doc: "resolve.Hedge", Rule: "A negative answer wins too.", Needs: needs(Hedge), Run: func(t T, p Fixture) {
			f := p.hedge(t, all)
			c := f.start(one)
			f.timers.fire()
			f.second.finish(0, resolve.Answer{}, failure(one, resolve.ErrNotFound))
			f.owner.await(c)
			c.fails(resolve.ErrNotFound)
		}},
		{ID: "hedge/failure", Doc: "resolve.Hedge", Rule: "A failure does not win. If both fail, the query gets the failure of the first strategy.", Needs: needs(Hedge), Run: func(t T, p Fixture) {
			f := p.hedge(t, all)
			c, d := f.start(one), f.start(one)
			f.timers.fire()
			f.second.finish(0, resolve.Answer{}, failure(one, resolve.ErrMalformed))
			f.first.finish(0, answer(one, "192.0.2.1"), nil)
			f.second.finish(1, resolve.Answer{}, failure(one, resolve.ErrMalformed))
			f.first.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
			f.owner.await(c, d)
			f.owner.once(c, d)
			c.holds("192.0.2.1")
			d.fails(resolve.ErrServFail)
		}},
		{ID: "hedge/early-failure", Doc: "resolve.Hedge", Rule: "If the first strategy fails before the delay, the second question is asked at once.", Needs: needs(Hedge), Run: func(t T, p Fixture) {
			f := p.hedge(t, all)
			c := f.start(one)
			f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
			f.second.asked(1, "a failure before the delay")
			f.second.finish(0, answer(one, "192.0.2.2"), nil)
			f.owner.await(c)
			f.owner.once(c)
			c.holds("192.0.2.2")
		}},
		{ID: "hedge/budget", Doc: "resolve.HedgeOptions", Rule: "Second questions are at most the fraction Budget of the queries, however slow the first strategy is.", Needs: needs(Hedge),
			Run: func(t T, p Fixture) {
				f := p.hedge(t, resolve.HedgeOptions{Budget: 0.05})
				for i := range 200 {
					f.start(one)
					f.timers.fire()
					if got, most := f.second.count(), (i+1)/20; got != most {
						t.Fatalf("after %d queries: got %d second questions, want %d", i+1, got, most)
					}
				}
			}},
		{ID: "hedge/delay", Doc: "resolve.Hedge", Rule: "The delay follows the 95th percentile of the recent answers of the first strategy, within its bounds.", Needs: needs(Hedge),
			Run: func(t T, p Fixture) {
				f := p.hedge(t, resolve.HedgeOptions{MinDelay: 2 * time.Millisecond, MaxDelay: 100 * time.Millisecond, MinSamples: 10})
				f.delays(t, "without answers", 100*time.Millisecond, 100*time.Millisecond)
				f.answered(200, 10*time.Millisecond)
				f.delays(t, "answers after 10 ms", 10*time.Millisecond, 13*time.Millisecond)
				f.answered(40, 40*time.Millisecond)
				f.delays(t, "more than 5 % of answers after 40 ms", 40*time.Millisecond, 52*time.Millisecond)
				f.answered(2400, time.Microsecond)
				f.delays(t, "answers after 1 µs", 2*time.Millisecond, 2*time.Millisecond)
				f.answered(100, time.Second)
				f.delays(t, "answers after 1 s", 100*time.Millisecond, 100*time.Millisecond)
			}},
		{ID: "hedge/loser-counts", Doc: "resolve.Hedge", Rule: "A first question that was canceled counts with the time that it took so far.", Needs: needs(Hedge), Run: func(t T, p Fixture) {
			f := p.hedge(t, resolve.HedgeOptions{Budget: 1, MinSamples: 10, MinDelay: time.Millisecond, MaxDelay: time.Minute})
			f.answered(20, time.Millisecond)
			for range 20 {
				c := f.start(one)
				f.timers.fire()
				f.clock.advance(30 * time.Millisecond)
				f.second.finish(f.second.count()-1, answer(one, "192.0.2.2"), nil)
				f.owner.await(c)
			}
			f.delays(t, "first questions canceled after 30 ms", 30*time.Millisecond, 40*time.Millisecond)
		}},
	}
}

// delays fails the case unless the next query gets a delay from least to most.
func (f *hedgeFixture) delays(t T, what string, least, most time.Duration) {
	t.Helper()
	c := f.start(a("one.example"))
	if got := f.timers.last(); got < least || got > most {
		t.Errorf("%s: got a delay of %v, want %v to %v", what, got, least, most)
	}
	c.Cancel()
	f.owner.await(c)
}
