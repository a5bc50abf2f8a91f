package resolvetest

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// overPool is a decorator that waits for the goroutines of the pool below it.
type overPool struct {
	resolve.Strategy
	pool *resolve.Pool
}

func (o overPool) Wait() { o.pool.Wait() }

// TestDecoratorsAreStrategies runs the cases for a base against each decorator around a pool.
func TestDecoratorsAreStrategies(t *testing.T) {
	leavesNoGoroutines(t)
	d := Default()
	for name, build := range map[string]func(next resolve.Strategy) (resolve.Strategy, error){
		"limit": func(next resolve.Strategy) (resolve.Strategy, error) { return d.Limit(resolve.LimitOptions{}, next) },
		"fallback": func(next resolve.Strategy) (resolve.Strategy, error) {
			return d.Fallback(resolve.FallbackOptions{}, next)
		},
		"race": func(next resolve.Strategy) (resolve.Strategy, error) { return d.Race(next) },
		"hedge": func(next resolve.Strategy) (resolve.Strategy, error) {
			return d.Hedge(resolve.HedgeOptions{Budget: 1e-6, MaxDelay: time.Hour}, next)
		},
		"filter": func(next resolve.Strategy) (resolve.Strategy, error) { return d.Filter(resolve.FilterOptions{}, next) },
		"observe": func(next resolve.Strategy) (resolve.Strategy, error) {
			return d.Observe(&resolve.Stats{}, nil, next), nil
		},
		"adaptive": func(next resolve.Strategy) (resolve.Strategy, error) {
			return d.Adaptive(resolve.AdaptiveOptions{Routes: []resolve.Route{{Name: "pool", Strategy: next}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := func(_ T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
				pool, err := resolve.NewPool(lookup, bounds)
				if err != nil {
					return nil, err
				}
				s, err := build(pool)
				return overPool{s, pool}, err
			}
			Run(t, Target{Name: name, Fixture: Fixture{Base: base}, Claims: poolClaims})
		})
	}
}
