package resolvetest

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// hedgeWith breaks the hedge through its options or the strategies that it gets.
func hedgeWith(adjust func(o *resolve.HedgeOptions, first *resolve.Strategy)) func(*Fixture) {
	return func(p *Fixture) {
		p.Hedge = func(o resolve.HedgeOptions, first resolve.Strategy) (resolve.Strategy, error) {
			adjust(&o, &first)
			return resolve.NewHedge(o, first)
		}
	}
}

func hedgeMutants() []suite.Mutant[Fixture] {
	replace := func(s resolve.Strategy, from, to error) resolve.Strategy {
		return relay(s, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
			if errors.Is(err, from) {
				err = failure(q, to)
			}
			return a, err
		})
	}
	return []suite.Mutant[Fixture]{
		mutant("hedge-at-once", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) {
			after := o.AfterFunc
			if after == nil {
				return
			}
			o.AfterFunc = func(d time.Duration, f func()) func() bool {
				go f()
				return after(d, func() {})
			}
		}), "hedge/after-delay"),
		mutant("hedge-timer-runs-on", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) {
			after := o.AfterFunc
			if after == nil {
				return
			}
			o.AfterFunc = func(d time.Duration, f func()) func() bool {
				after(d, f)
				return func() bool { return false }
			}
		}), "hedge/first-wins"),
		mutant("hedge-negative-loses", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) {
			o.Second = replace(o.Second, resolve.ErrNotFound, resolve.ErrServFail)
		}), "hedge/negative"),
		mutant("hedge-failure-wins", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) {
			o.Second = replace(o.Second, resolve.ErrMalformed, resolve.ErrNotFound)
		}), "hedge/failure"),
		mutant("hedge-never", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) { o.Budget = 1e-9 }), "hedge/early-failure"),
		mutant("hedge-without-budget", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) { o.Budget = 1 }), "hedge/budget"),
		mutant("hedge-delay-fixed", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) { o.MinDelay = o.MaxDelay }), "hedge/delay"),
		mutant("hedge-losers-are-fast", hedgeWith(func(o *resolve.HedgeOptions, _ *resolve.Strategy) {
			// An answer to a second question comes at the time of the first question, for the
			// clock.
			clock, second := o.Clock, o.Second
			if clock == nil {
				return
			}
			var begin time.Time
			hedged := false
			o.Second = &broken{Strategy: second, start: func(q *resolve.Query) {
				hedged = true
				second.Start(q)
			}}
			o.Clock = func() time.Time {
				if hedged {
					hedged = false
					return begin
				}
				begin = clock()
				return begin
			}
		}), "hedge/loser-counts"),
	}
}
