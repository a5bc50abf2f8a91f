package resolvetest

import (
	"context"
	"errors"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// broken is a strategy with one method replaced.
type broken struct {
	resolve.Strategy
	try   func(resolve.Question) (resolve.Answer, error)
	start func(*resolve.Query)
	close func() error
	wait  func()
}

func (b *broken) Try(q resolve.Question) (resolve.Answer, error) {
	if b.try != nil {
		return b.try(q)
	}
	return b.Strategy.Try(q)
}

func (b *broken) Start(q *resolve.Query) {
	if b.start != nil {
		b.start(q)
		return
	}
	b.Strategy.Start(q)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Strategy.Close()
}

func (b *broken) Wait() {
	if b.wait != nil {
		b.wait()
		return
	}
	if w, ok := b.Strategy.(interface{ Wait() }); ok {
		w.Wait()
	}
}

// relay asks next with its own query and may change the result. The end of the original query does
// not end its own.
func relay(next resolve.Strategy, change func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error)) *broken {
	return &broken{Strategy: next, start: func(q *resolve.Query) {
		if !q.Accept(nil) {
			return
		}
		inner := &resolve.Query{Question: q.Question}
		inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) {
			if change != nil {
				a, err = change(q.Question, a, err)
			}
			q.Finish(a, err)
		})
		next.Start(inner)
	}}
}

// onDone lets change alter only the arguments of Done.
func onDone(next resolve.Strategy, change func(done func(resolve.Answer, error), a resolve.Answer, err error)) *broken {
	return &broken{Strategy: next, start: func(q *resolve.Query) {
		if done := q.Done; done != nil {
			q.Done = func(a resolve.Answer, err error) { change(done, a, err) }
		}
		next.Start(q)
	}}
}

// withBase breaks the pool: from outside, or in the given lookup and bounds.
func withBase(around func(lookup resolve.Lookup, b resolve.Strategy) resolve.Strategy,
	within func(lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Lookup, resolve.PoolOptions)) func(*Fixture) {
	return func(p *Fixture) {
		p.Base = func(t T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
			if within != nil {
				lookup, bounds = within(lookup, bounds)
			}
			b, err := resolve.NewPool(lookup, bounds)
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { b.Close() })
			if around == nil {
				return b, nil
			}
			return around(lookup, b), nil
		}
	}
}

// around breaks the base from outside.
func around(f func(b resolve.Strategy) *broken) func(*Fixture) {
	return withBase(func(_ resolve.Lookup, b resolve.Strategy) resolve.Strategy { return f(b) }, nil)
}

// lookups breaks the base through its lookup.
func lookups(f func(lookup resolve.Lookup) resolve.Lookup) func(*Fixture) {
	return withBase(nil, func(lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Lookup, resolve.PoolOptions) {
		return f(lookup), bounds
	})
}

func withLiteral(f func(l, next resolve.Strategy) *broken) func(*Fixture) {
	return func(p *Fixture) {
		p.Literal = func(next resolve.Strategy) resolve.Strategy { return f(resolve.NewLiteral(next), next) }
	}
}

type staticTable = map[string][]netip.Addr

func withStatic(f func(names staticTable, s, next resolve.Strategy) *broken) func(*Fixture) {
	return func(p *Fixture) {
		p.Static = func(names map[string][]netip.Addr, next resolve.Strategy) (resolve.Strategy, error) {
			s, err := resolve.NewStatic(names, next)
			if err != nil {
				return nil, err
			}
			return f(names, s, next), nil
		}
	}
}

func withHosts(adjust func(*resolve.HostsOptions), f func(path string, h, next resolve.Strategy) *broken) func(*Fixture) {
	return func(p *Fixture) {
		p.Hosts = func(options resolve.HostsOptions, next resolve.Strategy) (resolve.Strategy, error) {
			if adjust != nil {
				adjust(&options)
			}
			h, err := resolve.NewHostsFile(options, next)
			if err != nil || f == nil {
				return h, err
			}
			return f(options.Path, h, next), nil
		}
	}
}

func withCache(adjust func(*resolve.CacheOptions), below func(next resolve.Strategy) resolve.Strategy,
	above func(c *resolve.Cache, next resolve.Strategy) resolve.Strategy) func(*Fixture) {
	return func(p *Fixture) {
		p.Cache = func(options resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error) {
			if adjust != nil {
				adjust(&options)
			}
			if below != nil {
				next = below(next)
			}
			c, err := resolve.NewCache(options, next)
			if err != nil || above == nil {
				return c, err
			}
			return above(c, next), nil
		}
	}
}

func cacheConfig(adjust func(*resolve.CacheOptions)) func(*Fixture) {
	return withCache(adjust, nil, nil)
}

// cacheTold breaks the cache through the answers of the strategy below.
func cacheTold(change func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error)) func(*Fixture) {
	return withCache(nil, func(next resolve.Strategy) resolve.Strategy { return relay(next, change) }, nil)
}

func withCoalesce(below, above func(s resolve.Strategy) resolve.Strategy) func(*Fixture) {
	return func(p *Fixture) {
		p.Coalesce = func(waitersMax int, next resolve.Strategy) resolve.Strategy {
			if below != nil {
				next = below(next)
			}
			s := resolve.Strategy(resolve.NewCoalesce(waitersMax, next))
			if above != nil {
				s = above(s)
			}
			return s
		}
	}
}

// brokenHost is a host layer with one method replaced.
type brokenHost struct {
	*resolve.Host
	before func(hq *resolve.HostQuery)
	try    func(name string, family resolve.Family) (resolve.HostAnswer, error)
}

func (h *brokenHost) Start(hq *resolve.HostQuery) {
	if h.before != nil {
		h.before(hq)
	}
	h.Host.Start(hq)
}

func (h *brokenHost) Try(name string, family resolve.Family) (resolve.HostAnswer, error) {
	if h.try != nil {
		return h.try(name, family)
	}
	return h.Host.Try(name, family)
}

func withHost(f func(h *brokenHost)) func(*Fixture) {
	return func(p *Fixture) {
		p.Host = func(next resolve.Strategy, order resolve.Order) Resolver {
			h := &brokenHost{Host: &resolve.Host{Strategy: next, Order: order}}
			f(h)
			return h
		}
	}
}

func hostBefore(before func(hq *resolve.HostQuery)) func(*Fixture) {
	return withHost(func(h *brokenHost) { h.before = before })
}

type waitFunc = func(ctx context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error)

func withWait(f waitFunc) func(*Fixture) { return func(p *Fixture) { p.Wait = f } }

// opaque is an error that reports its cause to errors.Is but not to errors.As.
type opaque struct{ cause error }

func (o opaque) Error() string        { return o.cause.Error() }
func (o opaque) Is(target error) bool { return errors.Is(o.cause, target) }
