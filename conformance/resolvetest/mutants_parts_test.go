package resolvetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// replacing changes the results of Try and Start of a decorator.
func replacing(s resolve.Strategy, f func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error)) *broken {
	return &broken{Strategy: s, try: func(q resolve.Question) (resolve.Answer, error) {
		a, err := s.Try(q)
		return f(q, a, err)
	}, start: relay(s, f).start}
}

// passing passes questions on to next that s should answer. Try and Start both do so if leave
// returns true for the result of Try.
func passing(s, next resolve.Strategy, leave func(q resolve.Question, err error) bool) *broken {
	return &broken{Strategy: s, try: func(q resolve.Question) (resolve.Answer, error) {
		a, err := s.Try(q)
		if leave(q, err) {
			return next.Try(q)
		}
		return a, err
	}, start: func(q *resolve.Query) {
		if _, err := s.Try(q.Question); leave(q.Question, err) {
			next.Start(q)
			return
		}
		s.Start(q)
	}}
}

func noData(_ resolve.Question, err error) bool { return errors.Is(err, resolve.ErrNoData) }

// denying returns ErrNotFound if s would ask the next strategy.
func denying(s resolve.Strategy) *broken {
	return &broken{Strategy: s, try: func(q resolve.Question) (resolve.Answer, error) {
		a, err := s.Try(q)
		if errors.Is(err, resolve.ErrWouldBlock) {
			err = failure(q, resolve.ErrNotFound)
		}
		return a, err
	}, start: func(q *resolve.Query) {
		if _, err := s.Try(q.Question); !errors.Is(err, resolve.ErrWouldBlock) {
			s.Start(q)
		} else if q.Accept(nil) {
			q.Finish(resolve.Answer{}, failure(q.Question, resolve.ErrNotFound))
		}
	}}
}

func staticMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("literals-lose-zones", withLiteral(func(l, _ resolve.Strategy) *broken {
			return replacing(l, func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
				if addr, ok := q.Name.Addr(); ok && addr.Zone() != "" && err == nil {
					return answer(q, addr.WithZone("").String()), nil
				}
				return ans, err
			})
		}), "literal/answers"),
		mutant("literals-of-the-other-family-are-asked", withLiteral(func(l, next resolve.Strategy) *broken {
			return passing(l, next, noData)
		}), "literal/other-family"),
		mutant("literals-only", withLiteral(func(l, _ resolve.Strategy) *broken { return denying(l) }), "literal/passes-on"),
		mutant("static-compares-bytes", withStatic(func(names staticTable, s, next resolve.Strategy) *broken {
			return passing(s, next, func(q resolve.Question, err error) bool {
				return !errors.Is(err, resolve.ErrWouldBlock) && names[q.Name.String()] == nil
			})
		}), "static/spellings"),
		mutant("static-lends-its-names", withStatic(func(_ staticTable, s, next resolve.Strategy) *broken {
			return passing(s, next, noData)
		}), "static/owns-its-names"),
		mutant("static-is-all-there-is", withStatic(func(_ staticTable, s, _ resolve.Strategy) *broken { return denying(s) }),
			"static/passes-on"),
		mutant("static-reads-the-callers-map", withStatic(func(names staticTable, s, next resolve.Strategy) *broken {
			fresh := func() resolve.Strategy {
				s, err := resolve.NewStatic(names, next)
				if err != nil {
					panic(err)
				}
				return s
			}
			return &broken{Strategy: s, try: func(q resolve.Question) (resolve.Answer, error) { return fresh().Try(q) },
				start: func(q *resolve.Query) { fresh().Start(q) }}
		}), "static/copies"),
	}
}

func hostsMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("hosts-first-line-wins", withHosts(nil, func(_ string, h, _ resolve.Strategy) *broken {
			return replacing(h, func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil && ans.Len() > 1 {
					return answer(q, ans.Addr(0).String()), nil
				}
				return ans, err
			})
		}), "hosts/syntax"),
		mutant("hosts-joins-names-with-a-shared-address", withHosts(nil, func(_ string, h, _ resolve.Strategy) *broken {
			return replacing(h, func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil && ans.Len() == 2 && ans.Addr(1).String() == "10.0.0.3" {
					return answer(q, "10.0.0.1", "10.0.0.2", "10.0.0.3"), nil
				}
				return ans, err
			})
		}), "hosts/shared-address"),
		mutant("hosts-compares-times-and-sizes", withHosts(func(c *resolve.HostsOptions) {
			// The link remains the first file, and sees only what is written to that.
			if link := c.Path + ".link"; os.Link(c.Path, link) == nil {
				c.Path = link
			}
		}, nil), "hosts/replaced"),
		mutant("hosts-compares-bytes", withHosts(nil, func(path string, h, next resolve.Strategy) *broken {
			return passing(h, next, func(q resolve.Question, err error) bool {
				text, unread := os.ReadFile(path)
				return err == nil && unread == nil && !strings.Contains(string(text), q.Name.String())
			})
		}), "hosts/spellings"),
		mutant("hosts-lends-its-names", withHosts(nil, func(_ string, h, next resolve.Strategy) *broken {
			return passing(h, next, noData)
		}), "hosts/owns-its-names"),
		mutant("hosts-must-exist", func(p *Fixture) {
			p.Hosts = func(options resolve.HostsOptions, next resolve.Strategy) (resolve.Strategy, error) {
				if _, err := os.Stat(options.Path); errors.Is(err, fs.ErrNotExist) {
					return nil, err
				}
				return resolve.NewHostsFile(options, next)
			}
		}, "hosts/missing"),
		mutant("hosts-is-read-once", withHosts(func(c *resolve.HostsOptions) {
			// A check is due and finds the file unchanged, because the copy never changes.
			data, err := os.ReadFile(c.Path)
			c.Path += ".copy"
			if err == nil {
				err = os.WriteFile(c.Path, data, 0o600)
			}
			var unread *fs.PathError
			if err != nil && !errors.As(err, &unread) {
				panic(err)
			}
		}, nil), "hosts/reload"),
		mutant("hosts-looks-always", withHosts(func(c *resolve.HostsOptions) { c.Interval = 1 }, nil), "hosts/rate"),
		mutant("hosts-of-a-bounded-size", withHosts(func(c *resolve.HostsOptions) {
			if info, err := os.Stat(c.Path); err == nil && info.Size() > 1<<20 {
				if err := os.Truncate(c.Path, 1<<20); err != nil {
					panic(err)
				}
			}
		}, nil), "hosts/any-size"),
		mutant("hosts-with-an-index-without-bound", withHosts(func(c *resolve.HostsOptions) { c.MaxIndexBytes = 0 }, nil), "hosts/index-bounded"),
		mutant("hosts-drops-names-beyond-the-index", withHosts(func(c *resolve.HostsOptions) {
			if c.MaxIndexBytes == 0 {
				return
			}
			const lines = 8
			text, err := os.ReadFile(c.Path)
			if err == nil {
				err = os.WriteFile(c.Path, []byte(strings.Join(strings.SplitAfterN(string(text), "\n", lines+1)[:lines], "")), 0o600)
			}
			if err != nil {
				panic(err)
			}
		}, nil), "hosts/beyond-index"),
		mutant("hosts-truncates-in-silence", withHosts(nil, func(_ string, h, _ resolve.Strategy) *broken {
			return onDone(h, func(done func(resolve.Answer, error), ans resolve.Answer, err error) {
				ans.Truncated = false
				done(ans, err)
			})
		}), "hosts/truncated"),
		mutant("hosts-must-be-readable", func(p *Fixture) {
			p.Hosts = func(options resolve.HostsOptions, next resolve.Strategy) (resolve.Strategy, error) {
				if _, err := os.ReadFile(options.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return nil, err
				}
				return resolve.NewHostsFile(options, next)
			}
		}, "hosts/unreadable"),
		mutant("hosts-fails-in-silence", withHosts(func(c *resolve.HostsOptions) { c.Failed = nil }, nil), "hosts/unreadable"),
		mutant("hosts-repeats-failures", withHosts(func(c *resolve.HostsOptions) {
			if failed := c.Failed; failed != nil {
				c.Failed = func(err error) {
					failed(err)
					failed(err)
				}
			}
		}, nil), "hosts/unreadable"),
	}
}

func cacheMutants() []suite.Mutant[Fixture] {
	changing := func(f func(q resolve.Question, e *resolve.Error) error) func(resolve.Question, resolve.Answer, error) (resolve.Answer, error) {
		return func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
			var e *resolve.Error
			if errors.As(err, &e) {
				err = f(q, e)
			}
			return ans, err
		}
	}
	return []suite.Mutant[Fixture]{
		mutant("cache-forgets", func(p *Fixture) {
			p.Cache = func(_ resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error) { return next, nil }
		}, "cache/hit"),
		mutant("cache-keys-by-name", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: c, try: func(q resolve.Question) (resolve.Answer, error) {
				ans, err := c.Try(q)
				if !errors.Is(err, resolve.ErrWouldBlock) || !q.Name.IsZero() && q.Type == resolve.TypeAAAA {
					return ans, err
				}
				return c.Try(resolve.Question{Name: q.Name, Type: resolve.TypeAAAA, Class: q.Class})
			}}
		}), "cache/other-type"),
		mutant("cache-clock-stands", cacheConfig(func(c *resolve.CacheOptions) {
			if c.Clock != nil {
				now := c.Clock()
				c.Clock = func() time.Time { return now }
			}
		}), "cache/expires"),
		mutant("cache-keeps-what-has-expired", cacheTold(func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
			if err == nil && ans.Expires.Equal(newClock().now) {
				ans.Expires = ans.Expires.Add(1)
			}
			return ans, err
		}), "cache/zero-ttl"),
		mutant("cache-without-ttl-min", cacheConfig(func(c *resolve.CacheOptions) { c.MinTTL = 0 }), "cache/ttl-min"),
		mutant("cache-without-ttl-max", cacheConfig(func(c *resolve.CacheOptions) { c.MaxTTL = 10000 * time.Hour }), "cache/ttl-max"),
		mutant("cache-without-ttl-unknown", cacheConfig(func(c *resolve.CacheOptions) { c.TTLUnknown = time.Hour }), "cache/ttl-unknown"),
		mutant("cache-forgets-no", cacheTold(changing(func(q resolve.Question, e *resolve.Error) error {
			return &resolve.Error{Op: e.Op, Question: q, Expires: time.Unix(1, 0), Err: e.Err}
		})), "cache/negative"),
		mutant("cache-keeps-no-for-ever", cacheConfig(func(c *resolve.CacheOptions) { c.MaxNegativeTTL = 10000 * time.Hour }), "cache/negative-bounded"),
		mutant("cache-keeps-failures", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			var mu sync.Mutex
			failed := map[resolve.Question]error{}
			return &broken{Strategy: c, try: func(q resolve.Question) (resolve.Answer, error) {
				mu.Lock()
				defer mu.Unlock()
				if err := failed[q]; err != nil {
					return resolve.Answer{}, err
				}
				return c.Try(q)
			}, start: func(q *resolve.Query) {
				q.OnFinish(func(_ *resolve.Query, _ resolve.Answer, err error) {
					if errors.Is(err, resolve.ErrQueueFull) {
						mu.Lock()
						failed[q.Question] = err
						mu.Unlock()
					}
				})
				c.Start(q)
			}}
		}), "cache/failures"),
		mutant("cache-keeps-what-was-not-asked", cacheTold(func(q resolve.Question, ans resolve.Answer, err error) (resolve.Answer, error) {
			if err == nil {
				ans.Question = q
			}
			return ans, err
		}), "cache/mismatch"),
		mutant("cache-without-bound", cacheConfig(func(c *resolve.CacheOptions) { c.MaxBytes = 0 }), "cache/bounded"),
		mutant("cache-negative-without-bound", cacheConfig(func(c *resolve.CacheOptions) { c.MaxNegativeBytes = 0 }), "cache/negative-apart"),
		mutant("cache-negative-pushes-out", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: c, start: func(q *resolve.Query) {
				if strings.HasPrefix(q.Question.Name.String(), "x1") {
					c.Flush()
				}
				c.Start(q)
			}}
		}), "cache/negative-apart"),
		mutant("cache-stays-open", withCache(nil, nil, func(c *resolve.Cache, _ resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: c, close: func() error { return nil }}
		}), "cache/close"),
	}
}

func coalesceMutants() []suite.Mutant[Fixture] {
	// leading ends the question for all queries when the first query ends with cause.
	leading := func(cause error) func(*Fixture) {
		return func(p *Fixture) {
			p.Coalesce = func(waitersMax int, next resolve.Strategy) resolve.Strategy {
				var question atomic.Pointer[resolve.Query]
				var started atomic.Bool
				c := resolve.NewCoalesce(waitersMax, &broken{Strategy: next, start: func(q *resolve.Query) {
					question.CompareAndSwap(nil, q)
					next.Start(q)
				}})
				return &broken{Strategy: c, start: func(q *resolve.Query) {
					if started.CompareAndSwap(false, true) {
						q.OnFinish(func(_ *resolve.Query, _ resolve.Answer, err error) {
							if errors.Is(err, cause) {
								question.Load().Cancel()
							}
						})
					}
					c.Start(q)
				}}
			}
		}
	}
	return []suite.Mutant[Fixture]{
		mutant("coalesce-nothing", func(p *Fixture) {
			p.Coalesce = func(_ int, next resolve.Strategy) resolve.Strategy { return next }
		}, "coalesce/one-question"),
		mutant("coalesce-different-types", withCoalesce(nil, func(c resolve.Strategy) resolve.Strategy {
			return relayCancel(c, func(q *resolve.Question) { q.Type = resolve.TypeA })
		}), "coalesce/different"),
		mutant("coalesce-remembers", withCoalesce(nil, func(c resolve.Strategy) resolve.Strategy {
			s, err := resolve.NewCache(resolve.CacheOptions{}, c)
			if err != nil {
				panic(err)
			}
			return s
		}), "coalesce/again"),
		mutant("coalesce-keeps-errors-from-the-others", withCoalesce(nil, func(c resolve.Strategy) resolve.Strategy {
			var mu sync.Mutex
			n := 0
			return onDone(c, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, resolve.ErrServFail) {
					if n++; n > 1 {
						err = resolve.ErrTimeout
					}
				}
				done(a, err)
			})
		}), "coalesce/error-shared"),
		mutant("coalesce-leader-cancels-all", leading(resolve.ErrCanceled), "coalesce/cancel-one"),
		mutant("coalesce-leader-times-all-out", leading(resolve.ErrTimeout), "coalesce/deadline-alone"),
		mutant("coalesce-asks-for-nobody", withCoalesce(func(next resolve.Strategy) resolve.Strategy { return relay(next, nil) }, nil),
			"coalesce/cancel-all"),
		mutant("coalesce-without-bound", func(p *Fixture) {
			p.Coalesce = func(_ int, next resolve.Strategy) resolve.Strategy { return resolve.NewCoalesce(0, next) }
		}, "coalesce/bounded"),
		mutant("coalesce-stays-open", withCoalesce(nil, func(c resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: c, close: func() error { return nil }}
		}), "coalesce/close"),
	}
}

func hostMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("host-one-after-the-other", withHost(func(h *brokenHost) {
			next := h.Strategy
			var held *resolve.Query
			h.Strategy = &broken{Strategy: next, start: func(q *resolve.Query) {
				if q.Question.Type == typeAAAA {
					held = q
					return
				}
				q.OnFinish(func(*resolve.Query, resolve.Answer, error) {
					if held != nil {
						next.Start(held)
					}
				})
				next.Start(q)
			}}
		}), "host/both-at-once"),
		mutant("host-delivers-at-the-end", hostBefore(func(hq *resolve.HostQuery) {
			partial, done := hq.Partial, hq.Done
			var kept []resolve.Answer
			hq.Partial = func(a resolve.Answer) { kept = append(kept, a) }
			hq.Done = func(a resolve.HostAnswer, err error) {
				for _, k := range kept {
					partial(k)
				}
				done(a, err)
			}
		}), "host/partial"),
		mutant("host-needs-both", hostBefore(func(hq *resolve.HostQuery) {
			done := hq.Done
			hq.Done = func(a resolve.HostAnswer, err error) {
				if failed := errors.Join(a.V4Err, a.V6Err); err == nil && failed != nil {
					a, err = resolve.HostAnswer{}, failed
				}
				done(a, err)
			}
		}), "host/one-family"),
		mutant("host-takes-no-data-for-the-worst", withHost(func(h *brokenHost) {
			next := h.Strategy
			h.Strategy = relay(next, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if errors.Is(err, resolve.ErrServFail) && q.Name.String() == "one.example" && q.Type == typeAAAA {
					err = failure(q, resolve.ErrNotFound)
				}
				return a, err
			})
		}), "host/both-fail"),
		mutant("host-changes-the-name", hostBefore(func(hq *resolve.HostQuery) { hq.Name = strings.ToLower(hq.Name) }), "host/names-the-host"),
		mutant("host-asks-for-all", hostBefore(func(hq *resolve.HostQuery) { hq.Family = resolve.FamilyBoth }), "host/family"),
		mutant("host-without-deadline", hostBefore(func(hq *resolve.HostQuery) { hq.Deadline = time.Time{} }), "host/deadline"),
		mutant("host-asks-on", withHost(func(h *brokenHost) { h.Strategy = relay(h.Strategy, nil) }), "host/cancel"),
		mutant("host-unsorted", withHost(func(h *brokenHost) { h.Order = resolve.OrderAsGiven }), "host/order-6724"),
		mutant("host-never-interleaves", withHost(func(h *brokenHost) { h.Order = resolve.OrderRFC6724 }), "host/order-interleave"),
		mutant("host-tries-one-family", withHost(func(h *brokenHost) {
			h.try = func(name string, _ resolve.Family) (resolve.HostAnswer, error) {
				return h.Host.Try(name, resolve.FamilyV4)
			}
		}), "host/try"),
	}
}

func waitMutants() []suite.Mutant[Fixture] {
	untried := func(s resolve.Strategy) resolve.Strategy {
		return &broken{Strategy: s, try: func(resolve.Question) (resolve.Answer, error) { return resolve.Answer{}, resolve.ErrWouldBlock }}
	}
	return []suite.Mutant[Fixture]{
		mutant("wait-does-not-try", withWait(func(ctx context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error) {
			return resolve.Wait(ctx, untried(s), q)
		}), "wait/tries-first"),
		mutant("wait-does-not-wait", withWait(func(_ context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error) {
			return s.Try(q)
		}), "wait/blocks"),
		mutant("wait-without-context", withWait(func(ctx context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error) {
			return resolve.Wait(context.WithoutCancel(ctx), s, q)
		}), "wait/context-canceled"),
		mutant("wait-takes-deadlines-for-cancellation", withWait(func(ctx context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error) {
			a, err := resolve.Wait(ctx, s, q)
			if errors.Is(err, resolve.ErrTimeout) {
				err = resolve.ErrCanceled
			}
			return a, err
		}), "wait/context-deadline"),
	}
}
