package resolvetest

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// memory remembers results that a broken cache must not remember.
type memory struct {
	mu      sync.Mutex
	results map[resolve.Question]result
}

func (m *memory) put(q resolve.Question, a resolve.Answer, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.results == nil {
		m.results = map[resolve.Question]result{}
	}
	m.results[q] = result{a, err}
}

func (m *memory) get(q resolve.Question) (result, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.results[q]
	return r, ok
}

// remembering answers from its own memory what the cache does not. keep selects the results to
// remember, and key the question that they answer.
func remembering(keep func(q resolve.Question, a resolve.Answer, err error) bool, key func(q resolve.Question) resolve.Question) func(*Fixture) {
	return withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
		m := &memory{}
		return &broken{Strategy: c, try: func(q resolve.Question) (resolve.Answer, error) {
			a, err := c.Try(q)
			if r, ok := m.get(key(q)); ok && errors.Is(err, resolve.ErrWouldBlock) {
				return r.answer, r.err
			}
			return a, err
		}, start: func(q *resolve.Query) {
			q.OnFinish(func(q *resolve.Query, a resolve.Answer, err error) {
				if keep(q.Question, a, err) {
					m.put(key(q.Question), a, err)
				}
			})
			c.Start(q)
		}}
	})
}

func itself(q resolve.Question) resolve.Question { return q }

func nameOnly(q resolve.Question) resolve.Question {
	return resolve.Question{Name: q.Name, Class: q.Class}
}

func isNameError(err error) bool {
	var e *resolve.Error
	return errors.As(err, &e) && e.RCode == resolve.RCodeNameError
}

// withRCode changes the response code of errors that are ErrNotFound.
func withRCode(code resolve.RCode) func(*Fixture) {
	return cacheTold(func(_ resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
		var e *resolve.Error
		if errors.As(err, &e) && errors.Is(err, resolve.ErrNotFound) {
			changed := *e
			changed.RCode = code
			err = &changed
		}
		return a, err
	})
}

func cacheBoundMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("cache-evicts-all-in-a-scan", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: c, start: func(q *resolve.Query) {
				if strings.HasPrefix(q.Question.Name.String(), "scan3") {
					c.Flush()
				}
				c.Start(q)
			}}
		}), "cache/scan"),
		mutant("cache-keeps-large-answers", remembering(func(q resolve.Question, _ resolve.Answer, _ error) bool {
			return q.Name.String() == "large.example"
		}, itself), "cache/large"),
		mutant("cache-keeps-all-types", remembering(func(q resolve.Question, _ resolve.Answer, _ error) bool { return q.Type >= 1000 }, itself),
			"cache/types-of-a-name"),
		mutant("cache-shares-its-memory", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			handed := 0
			return &broken{Strategy: c, try: func(q resolve.Question) (resolve.Answer, error) {
				a, err := c.Try(q)
				if handed++; handed > 1 && err == nil {
					return answer(q, "192.0.2.66", "192.0.2.2"), nil
				}
				return a, err
			}}
		}), "cache/immutable"),
		mutant("cache-without-generation", cacheConfig(func(o *resolve.CacheOptions) { o.Generation = nil }), "cache/generation"),
		mutant("cache-stores-in-the-wrong-generation", func(p *Fixture) {
			p.Cache = func(options resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error) {
				c, err := resolve.NewCache(options, next)
				if err != nil || options.Generation == nil {
					return c, err
				}
				var late memory
				return &broken{Strategy: c, try: func(q resolve.Question) (resolve.Answer, error) {
					if r, ok := late.get(q); ok {
						return r.answer, r.err
					}
					return c.Try(q)
				}, start: func(q *resolve.Query) {
					before := options.Generation()
					q.OnFinish(func(q *resolve.Query, a resolve.Answer, err error) {
						if before != options.Generation() {
							late.put(q.Question, a, err)
						}
					})
					c.Start(q)
				}}, nil
			}
		}, "cache/generation-late"),
	}
}

func cacheFailureMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("cache-keys-name-errors-by-type", withRCode(resolve.RCodeSuccess), "cache/name-error"),
		mutant("cache-takes-every-no-for-a-name-error", withRCode(resolve.RCodeNameError), "cache/name-error-unproven"),
		mutant("cache-denies-aliases", remembering(func(_ resolve.Question, _ resolve.Answer, err error) bool { return isNameError(err) }, nameOnly),
			"cache/name-error-alias"),
		mutant("cache-denies-what-exists", remembering(func(_ resolve.Question, _ resolve.Answer, err error) bool { return isNameError(err) }, func(q resolve.Question) resolve.Question {
			if q.Type == resolve.TypeCNAME {
				return q
			}
			return nameOnly(q)
		}), "cache/name-error-ends"),
		mutant("cache-without-failures", cacheConfig(func(o *resolve.CacheOptions) { o.ForgetFailures = true }), "cache/failure"),
		mutant("cache-asks-a-failing-server-steadily", cacheConfig(func(o *resolve.CacheOptions) { o.MaxFailureTTL = o.MinFailureTTL }), "cache/failure-doubles"),
		mutant("cache-failures-never-end", withCache(nil, nil, func(c *resolve.Cache, next resolve.Strategy) resolve.Strategy {
			n := 0
			return &broken{Strategy: c, start: func(q *resolve.Query) {
				if n++; n == 5 { // the one that gets an answer
					next.Start(q)
					return
				}
				c.Start(q)
			}}
		}), "cache/failure-ends"),
		mutant("cache-adds-failures-up", cacheConfig(func(o *resolve.CacheOptions) { o.MinFailureTTL *= 2 }), "cache/failure-together"),
		mutant("cache-never-forgets-failures", cacheConfig(func(o *resolve.CacheOptions) { o.ForgetFailures = false }), "cache/failures-forgotten"),
	}
}

func cacheStaleMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("cache-stale-too-soon", cacheConfig(func(o *resolve.CacheOptions) { o.StaleDelay = time.Second }), "cache/stale-delay"),
		mutant("cache-hides-staleness", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			return onDone(c, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				a.Stale = false
				done(a, err)
			})
		}), "cache/stale-delay"),
		mutant("cache-prefers-the-stale", cacheConfig(func(o *resolve.CacheOptions) { o.StaleAtOnce = true }), "cache/stale-in-time"),
		mutant("cache-asks-dead-servers-again", cacheConfig(func(o *resolve.CacheOptions) { o.StaleRecheck = 1 }), "cache/stale-failure"),
		mutant("cache-never-stale-at-once", cacheConfig(func(o *resolve.CacheOptions) { o.StaleAtOnce = false }), "cache/stale-at-once"),
		mutant("cache-stale-without-end", cacheConfig(func(o *resolve.CacheOptions) { o.MaxStale = 1000 * time.Hour }), "cache/stale-max"),
		mutant("cache-stale-over-negative", withCache(nil, func(next resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: next, start: func(q *resolve.Query) {
				if q.Inbox != nil {
					next.Start(q)
					return
				}
				relay(next, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
					if errors.Is(err, resolve.ErrNotFound) {
						err = failure(q, resolve.ErrServFail)
					}
					return a, err
				}).Start(q)
			}}
		}, nil), "cache/stale-replaced"),
		mutant("cache-cancels-all-that-wait", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			var started []*resolve.Query
			return &broken{Strategy: c, start: func(q *resolve.Query) {
				started = append(started, q)
				q.OnFinish(func(_ *resolve.Query, _ resolve.Answer, err error) {
					if errors.Is(err, resolve.ErrCanceled) {
						for _, other := range started {
							other.Cancel()
						}
					}
				})
				c.Start(q)
			}}
		}), "cache/stale-cancel"),
		mutant("cache-never-prefetches", cacheConfig(func(o *resolve.CacheOptions) { o.PrefetchHits = 0 }), "cache/prefetch"),
		mutant("cache-prefetches-twice", withCache(nil, func(next resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: next, start: func(q *resolve.Query) {
				if q.Inbox == nil {
					again := &resolve.Query{Question: q.Question}
					again.OnFinish(func(*resolve.Query, resolve.Answer, error) {})
					next.Start(again)
				}
				next.Start(q)
			}}
		}, nil), "cache/prefetch"),
		mutant("cache-asks-in-the-background-once", withCache(nil, func(next resolve.Strategy) resolve.Strategy {
			asked := false
			return &broken{Strategy: next, start: func(q *resolve.Query) {
				if q.Inbox == nil && asked && q.Accept(nil) {
					q.Finish(resolve.Answer{}, failure(q.Question, resolve.ErrServFail))
					return
				}
				asked = asked || q.Inbox == nil
				next.Start(q)
			}}
		}, nil), "cache/prefetch-then-stale"),
		mutant("cache-prefetches-what-is-rare", cacheConfig(func(o *resolve.CacheOptions) { o.PrefetchHits = min(o.PrefetchHits, 1) }), "cache/prefetch-early"),
		mutant("cache-prefetches-unasked", cacheConfig(func(o *resolve.CacheOptions) { o.PrefetchHits = 1 }), "cache/prefetch-off"),
		mutant("cache-loses-by-prefetching", func(p *Fixture) {
			p.Cache = func(options resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error) {
				var c *resolve.Cache
				var err error
				c, err = resolve.NewCache(options, &broken{Strategy: next, start: func(q *resolve.Query) {
					if q.Inbox == nil {
						q.OnFinish(func(_ *resolve.Query, _ resolve.Answer, err error) {
							if err != nil {
								c.Flush()
							}
						})
					}
					next.Start(q)
				}})
				return c, err
			}
		}, "cache/prefetch-failure"),
	}
}
