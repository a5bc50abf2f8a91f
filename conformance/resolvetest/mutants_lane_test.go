package resolvetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func poolOptions(adjust func(*resolve.PoolOptions)) func(*Fixture) {
	return withBase(nil, func(l resolve.Lookup, o resolve.PoolOptions) (resolve.Lookup, resolve.PoolOptions) {
		adjust(&o)
		return l, o
	})
}

func laneMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("pool-without-slow-lane", poolOptions(func(o *resolve.PoolOptions) { o.SlowAfter = 0 }), "lane/unknown-leave-one"),
		mutant("pool-never-slow", poolOptions(func(o *resolve.PoolOptions) {
			if o.SlowAfter > 0 {
				o.SlowAfter = time.Hour
			}
		}), "lane/slow-half"),
		mutant("pool-slow-at-the-end", poolOptions(func(o *resolve.PoolOptions) {
			// The clock moves only between lookups, as far as the pool can see.
			if o.SlowAfter > 0 {
				begin := o.Clock()
				o.Clock = func() time.Time { return begin }
			}
		}), "lane/slow-while-running"),
		mutant("pool-queue-for-all", func(p *Fixture) {
			base := p.Base
			p.Base = func(t T, lookup resolve.Lookup, o resolve.PoolOptions) (resolve.Strategy, error) {
				if o.SlowAfter > 0 {
					o.MaxQueued *= 2
				}
				return base(t, lookup, o)
			}
		}, "lane/queue-share"),
		mutant("pool-slow-for-ever", poolOptions(func(o *resolve.PoolOptions) {
			// The first lookup takes two hours for the pool, and every later one too.
			if o.SlowAfter > 0 {
				var mu sync.Mutex
				clock, extra := o.Clock, time.Duration(0)
				o.Clock = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					extra += time.Hour
					return clock().Add(extra)
				}
			}
		}), "lane/fast-again"),
		mutant("pool-without-spares", poolOptions(func(o *resolve.PoolOptions) { o.MaxSpares = 0 }), "bound/spares"),
		mutant("pool-with-any-number-of-spares", poolOptions(func(o *resolve.PoolOptions) { o.MaxSpares *= 100 }), "bound/spares"),
		mutant("panics-lose-their-value", lookups(func(lookup resolve.Lookup) resolve.Lookup {
			return func(ctx context.Context, q resolve.Question) (a resolve.Answer, err error) {
				defer func() {
					if v := recover(); v != nil {
						err = fmt.Errorf("panic: %v", v)
					}
				}()
				return lookup(ctx, q)
			}
		}), "error/panic"),
	}
}
