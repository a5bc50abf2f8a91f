package resolvetest

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

func (p Fixture) fallback(t T, options resolve.FallbackOptions) *decorated {
	t.Helper()
	return decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) {
		return p.Fallback(options, first, second)
	})
}

func fallbackCases() []Case {
	one := a("one.example")
	return []Case{
		{ID: "fallback/failure", Doc: "resolve.Fallback", Rule: "After a failure, and not before, the next strategy is asked, and its answer completes the query.", Needs: needs(Fallback),
			Run: func(t T, p Fixture) {
				f := p.fallback(t, resolve.FallbackOptions{})
				c := f.start(one)
				f.second.asked(0, "before the failure")
				f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
				f.second.asked(1, "after the failure")
				f.second.finish(0, answer(one, "192.0.2.2"), nil)
				f.owner.await(c)
				f.owner.once(c)
				c.holds("192.0.2.2")
			}},
		{ID: "fallback/negative", Doc: "resolve.Fallback", Rule: "A negative answer is an answer: the next strategy is not asked.", Needs: needs(Fallback), Run: func(t T, p Fixture) {
			for _, cause := range []error{resolve.ErrNotFound, resolve.ErrNoData} {
				f := p.fallback(t, resolve.FallbackOptions{})
				c := f.start(one)
				f.first.finish(0, resolve.Answer{}, failure(one, cause))
				f.owner.await(c)
				c.fails(cause)
				f.second.asked(0, "a negative answer")
			}
		}},
		{ID: "fallback/all-fail", Doc: "resolve.Fallback", Rule: "If every strategy fails, the query gets the failure of the last.", Needs: needs(Fallback), Run: func(t T, p Fixture) {
			f := p.fallback(t, resolve.FallbackOptions{})
			c := f.start(one)
			f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
			f.second.finish(0, resolve.Answer{}, failure(one, resolve.ErrMalformed))
			f.owner.await(c)
			f.owner.once(c)
			c.fails(resolve.ErrMalformed)
		}},
		{ID: "fallback/predicate", Doc: "resolve.FallbackOptions", Rule: "If decides which failures are a reason to ask the next strategy.", Needs: needs(Fallback), Run: func(t T, p Fixture) {
			f := p.fallback(t, resolve.FallbackOptions{If: func(_ resolve.Question, err error) bool { return errors.Is(err, resolve.ErrMalformed) }})
			c := f.start(one)
			f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
			f.owner.await(c)
			c.fails(resolve.ErrServFail)
			f.second.asked(0, "a failure that If refuses")
			f.start(one)
			f.first.finish(1, resolve.Answer{}, failure(one, resolve.ErrMalformed))
			f.second.asked(1, "a failure that If accepts")
		}},
		{ID: "fallback/try", Doc: "resolve.Fallback.Try", Rule: "Try asks the memory of the next strategy only after a failure of the first.", Needs: needs(Fallback), Run: func(t T, p Fixture) {
			f := p.fallback(t, resolve.FallbackOptions{})
			f.second.try = fixed
			_, err := f.strat.Try(one)
			isError(t, "the first would block", err, resolve.ErrWouldBlock)
			f.first.try = func(q resolve.Question) (resolve.Answer, error) {
				return resolve.Answer{}, failure(q, resolve.ErrServFail)
			}
			got, err := f.strat.Try(one)
			holds(t, "the first has failed", got, err, "192.0.2.1")
		}},
		{ID: "fallback/canceled", Doc: "resolve.Fallback", Rule: "The cancellation of a query goes to the strategy that has it, and is no reason to ask the next.", Needs: needs(Fallback),
			Run: func(t T, p Fixture) {
				f := p.fallback(t, resolve.FallbackOptions{})
				c, d := f.start(one), f.start(one)
				c.Cancel()
				f.second.asked(0, "a canceled query")
				f.first.finish(1, resolve.Answer{}, failure(one, resolve.ErrServFail))
				d.Cancel()
				f.owner.await(c, d)
				c.fails(resolve.ErrCanceled)
				d.fails(resolve.ErrCanceled)
				if f.first.stops() != 1 || f.second.stops() != 1 {
					t.Errorf("got %d and %d questions stopped, want 1 and 1", f.first.stops(), f.second.stops())
				}
			}},
		{ID: "fallback/timeout", Doc: "resolve.FallbackOptions", Rule: "A strategy that takes longer than Timeout has failed, except the last one.", Needs: needs(Fallback), Run: func(t T, p Fixture) {
			f := p.fallback(t, resolve.FallbackOptions{Timeout: soon})
			c := f.start(one)
			f.owner.until("question to the second strategy", func() bool { return f.second.count() == 1 })
			if f.first.stops() != 1 {
				t.Errorf("got %d questions stopped, want 1", f.first.stops())
			}
			f.second.mu.Lock()
			deadline := f.second.started[0].Deadline
			f.second.mu.Unlock()
			if deadline != (time.Time{}) {
				t.Errorf("the last strategy: got deadline %v, want none", deadline)
			}
			f.second.finish(0, answer(one, "192.0.2.2"), nil)
			f.owner.await(c)
			c.holds("192.0.2.2")
		}},
	}
}
