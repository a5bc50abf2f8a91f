package resolvetest

import (
	"errors"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func limitOptions(adjust func(*resolve.LimitOptions)) func(*Fixture) {
	return func(p *Fixture) {
		limit := p.Limit
		p.Limit = func(o resolve.LimitOptions, next resolve.Strategy) (resolve.Strategy, error) {
			adjust(&o)
			return limit(o, next)
		}
	}
}

// limitAbove breaks the limit from outside.
func limitAbove(f func(s resolve.Strategy) *broken) func(*Fixture) {
	return wrapped("limit", nil, func(s resolve.Strategy) resolve.Strategy { return f(s) })
}

func limitMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("limit-none", limitOptions(func(o *resolve.LimitOptions) { o.MaxInFlight += 100 }), "limit/bounded"),
		mutant("limit-counts-failures-for-ever", wrapped("limit", func(s resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: s, start: func(q *resolve.Query) {
				// The place of a query that fails stays taken: the next strategy sees it end, the
				// limit does not.
				inner := &resolve.Query{Question: q.Question}
				if !q.Accept(func() { inner.Cancel() }) {
					return
				}
				inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) {
					if !errors.Is(err, resolve.ErrServFail) {
						q.Finish(a, err)
					}
				})
				s.Start(inner)
			}}
		}, nil), "limit/failure-frees"),
		mutant("limit-queue-without-bound", limitOptions(func(o *resolve.LimitOptions) { o.MaxQueued += 100 }), "limit/queue-full"),
		mutant("limit-canceled-stay-queued", limitAbove(func(s resolve.Strategy) *broken { return relay(s, nil) }), "limit/cancel-queued"),
		mutant("limit-canceled-stay-in-flight", limitAbove(func(s resolve.Strategy) *broken { return relay(s, nil) }), "limit/cancel-frees"),
		mutant("limit-without-deadlines", limitAbove(func(s resolve.Strategy) *broken {
			return &broken{Strategy: s, start: func(q *resolve.Query) {
				q.Deadline = time.Time{}
				s.Start(q)
			}}
		}), "limit/deadline-queued"),
		mutant("limit-asks-the-queue-at-close", func(p *Fixture) {
			p.Limit = func(o resolve.LimitOptions, next resolve.Strategy) (resolve.Strategy, error) {
				l, err := resolve.NewLimit(o, next)
				if err != nil {
					return nil, err
				}
				var mu sync.Mutex
				var all []*resolve.Query
				return &broken{Strategy: l, start: func(q *resolve.Query) {
					mu.Lock()
					all = append(all, q)
					mu.Unlock()
					l.Start(q)
				}, close: func() error {
					mu.Lock()
					defer mu.Unlock()
					for _, q := range all {
						q.Finish(resolve.Answer{}, failure(q.Question, resolve.ErrClosed))
					}
					return l.Close()
				}}, nil
			}
		}, "limit/close-queued"),
	}
}
