package resolvetest

import (
	"errors"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func flightMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("coalesce-remembers-errors", withCoalesce(func(next resolve.Strategy) resolve.Strategy {
			var m memory
			return &broken{Strategy: next, start: func(q *resolve.Query) {
				if r, ok := m.get(q.Question); ok && errors.Is(r.err, resolve.ErrServFail) && q.Accept(nil) {
					q.Finish(r.answer, r.err)
					return
				}
				q.OnFinish(func(q *resolve.Query, a resolve.Answer, err error) { m.put(q.Question, a, err) })
				next.Start(q)
			}}
		}, nil), "coalesce/error-shared"),
		// A late result of a flight that was canceled goes to the next flight in the same memory.
		mutant("coalesce-recycles-flights", withCoalesce(func(next resolve.Strategy) resolve.Strategy {
			var flying *resolve.Query
			return &broken{Strategy: next, start: func(q *resolve.Query) {
				inner := &resolve.Query{Question: q.Question}
				if !q.Accept(nil) {
					return
				}
				flying = q
				inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) { flying.Finish(a, err) })
				next.Start(inner)
			}}
		}, nil), "coalesce/late-result"),
		mutant("coalesce-is-global", func(p *Fixture) {
			var first resolve.Strategy
			p.Coalesce = func(waitersMax int, next resolve.Strategy) resolve.Strategy {
				if first == nil {
					first = resolve.NewCoalesce(waitersMax, next)
				}
				return first
			}
		}, "coalesce/apart"),
		mutant("coalesce-joins-a-landed-flight", withCoalesce(nil, func(c resolve.Strategy) resolve.Strategy {
			var landing *result
			return &broken{Strategy: c, start: func(q *resolve.Query) {
				if landing != nil {
					if q.Accept(nil) {
						q.Finish(landing.answer, landing.err)
					}
					return
				}
				// Its hook runs before that of the case.
				q.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) { landing = &result{a, err} })
				c.Start(q)
			}}
		}), "coalesce/in-hook"),
	}
}
