package resolvetest

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// adaptiveWith breaks the adaptive strategy through its options.
func adaptiveWith(adjust func(o *resolve.AdaptiveOptions)) func(*Fixture) {
	return func(p *Fixture) {
		p.Adaptive = func(o resolve.AdaptiveOptions) (Adapter, error) {
			adjust(&o)
			return resolve.NewAdaptive(o)
		}
	}
}

// brokenAdapter is an adaptive strategy with one method replaced.
type brokenAdapter struct {
	*broken
	adapter Adapter
	sample  func(name string, took time.Duration, err error) bool
}

func (b *brokenAdapter) Sample(name string, took time.Duration, err error) bool {
	if b.sample != nil {
		return b.sample(name, took, err)
	}
	return b.adapter.Sample(name, took, err)
}

func (b *brokenAdapter) Decide(q resolve.Question) resolve.Decision { return b.adapter.Decide(q) }

func adaptiveAround(f func(b *brokenAdapter)) func(*Fixture) {
	return func(p *Fixture) {
		p.Adaptive = func(o resolve.AdaptiveOptions) (Adapter, error) {
			a, err := resolve.NewAdaptive(o)
			if err != nil {
				return nil, err
			}
			b := &brokenAdapter{broken: &broken{Strategy: a}, adapter: a}
			f(b)
			return b, nil
		}
	}
}

func adaptiveMutants() []suite.Mutant[Fixture] {
	// routeWith changes the results of a route before the strategy gets them.
	routeWith := func(i int, change func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error)) func(*Fixture) {
		return adaptiveWith(func(o *resolve.AdaptiveOptions) {
			if i < len(o.Routes) {
				o.Routes[i].Strategy = relay(o.Routes[i].Strategy, change)
			}
		})
	}
	sampling := func(change func(took time.Duration) (time.Duration, int)) func(*Fixture) {
		return adaptiveAround(func(b *brokenAdapter) {
			b.sample = func(name string, took time.Duration, err error) bool {
				took, n := change(took)
				ok := true
				for range n {
					ok = b.adapter.Sample(name, took, err)
				}
				return ok
			}
		})
	}
	return []suite.Mutant[Fixture]{
		mutant("adaptive-blocks", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.AllowBlocking = true }), "adaptive/never-blocks"),
		mutant("adaptive-does-not-know-blocking", adaptiveWith(func(o *resolve.AdaptiveOptions) {
			for i := range o.Routes {
				o.Routes[i].Blocking = false
			}
		}), "adaptive/never-blocks"),
		mutant("adaptive-decides-early", sampling(func(took time.Duration) (time.Duration, int) { return took, 2 }), "adaptive/blocking-measured"),
		mutant("adaptive-without-budget", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.Budget = time.Hour }), "adaptive/blocking-tail"),
		mutant("adaptive-forgives-misses", sampling(func(took time.Duration) (time.Duration, int) { return min(took, 900*time.Microsecond), 1 }), "adaptive/blocking-miss"),
		mutant("adaptive-never-measures", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.MinSamples = math.MaxInt }), "adaptive/best"),
		mutant("adaptive-prefers-the-last", adaptiveWith(func(o *resolve.AdaptiveOptions) {
			// The first route looks slower than it is.
			for i, r := range o.Routes {
				if r.Name == "first" {
					var mu sync.Mutex
					clock := o.Clock
					if clock == nil {
						return
					}
					extra := time.Duration(0)
					o.Clock = func() time.Time {
						mu.Lock()
						defer mu.Unlock()
						return clock().Add(extra)
					}
					o.Routes[i].Strategy = relay(r.Strategy, func(_ resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
						mu.Lock()
						defer mu.Unlock()
						extra += 5 * time.Millisecond
						return a, err
					})
				}
			}
		}), "adaptive/keeps"),
		mutant("adaptive-compares-crowds", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.MaxCompared = math.MaxInt }), "adaptive/crowd"),
		mutant("adaptive-never-explores", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.Explore = -1 }), "adaptive/explore"),
		mutant("adaptive-explores-a-fixed-share", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.Explore = 0.5 }), "adaptive/explore"),
		mutant("adaptive-never-retries", routeWith(1, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
			if errors.Is(err, resolve.ErrServFail) {
				err = failure(q, resolve.ErrName) // which no other route would know better
			}
			return a, err
		}), "adaptive/retry"),
		mutant("adaptive-takes-negative-for-failure", routeWith(1, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
			if errors.Is(err, resolve.ErrNotFound) {
				err = failure(q, resolve.ErrServFail)
			}
			return a, err
		}), "adaptive/negative"),
		mutant("adaptive-never-down", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.MaxFailures = 1000 }), "adaptive/down"),
		mutant("adaptive-down-at-once", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.MaxFailures = 1 }), "adaptive/one-name"),
		mutant("adaptive-never-probes", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.ProbeInterval = 1000 * time.Hour }), "adaptive/probe"),
		mutant("adaptive-probes-all-the-time", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.ProbeInterval = time.Nanosecond }), "adaptive/probe"),
		mutant("adaptive-is-patient", adaptiveAround(func(b *brokenAdapter) {
			inner := b.Strategy
			b.Strategy = &broken{Strategy: inner, start: func(q *resolve.Query) {
				// The deadline ends the query, and the strategy learns of a cancellation only.
				deadline := q.Deadline
				q.Deadline = time.Time{}
				if deadline.IsZero() {
					inner.Start(q)
					return
				}
				below := &resolve.Query{Question: q.Question}
				q.Deadline = deadline
				if !q.Accept(func() { below.Cancel() }) {
					return
				}
				below.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) { q.Finish(a, err) })
				inner.Start(below)
			}}
		}), "adaptive/hangs"),
		mutant("adaptive-ignores-the-system", adaptiveWith(func(o *resolve.AdaptiveOptions) { o.NeedsSystem = nil }), "adaptive/system"),
		mutant("adaptive-asks-anyone-for-records", adaptiveWith(func(o *resolve.AdaptiveOptions) {
			for i := range o.Routes {
				o.Routes[i].Records = true
			}
		}), "adaptive/records"),
	}
}
