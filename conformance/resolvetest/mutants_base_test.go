package resolvetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func slow(lookup resolve.Lookup) resolve.Lookup {
	return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
		a, err := lookup(ctx, q)
		<-time.After(delay)
		return a, err
	}
}

func isKnown(err error) bool {
	for _, known := range []error{resolve.ErrNotFound, resolve.ErrNoData, resolve.ErrServFail, resolve.ErrTimeout, resolve.ErrCanceled,
		resolve.ErrName, resolve.ErrQueueFull, resolve.ErrClosed} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func startMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("one-family-only", around(func(b resolve.Strategy) *broken {
			return relayCancel(b, func(q *resolve.Question) {
				if q.Name.String() == "one.example" {
					q.Type = resolve.TypeA
				}
			})
		}), "start/answers"),
		mutant("completes-twice", around(func(b resolve.Strategy) *broken {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				done(a, err)
				done(a, err)
			})
		}), "start/exactly-once"),
		mutant("completes-in-start", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if done := q.Done; done != nil && q.Question.Name.String() == "run.example" {
					done(resolve.Answer{}, nil)
					q.Done = func(resolve.Answer, error) {}
				}
				b.Start(q)
			}}
		}), "start/only-in-run"),
		mutant("completes-on-a-goroutine", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				inner := &resolve.Query{Question: q.Question, Deadline: q.Deadline}
				if q.Question.Name.String() != "run.example" || !q.Accept(func() { inner.Cancel() }) {
					b.Start(q)
					return
				}
				inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) { q.Done(a, err) })
				b.Start(inner)
			}}
		}), "start/only-in-run"),
		mutant("asks-twice", lookups(func(lookup resolve.Lookup) resolve.Lookup {
			return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
				if q.Name.String() == "once.example" { // held lookups of other names would never end
					if a, err := lookup(ctx, q); err != nil {
						return a, err
					}
				}
				return lookup(ctx, q)
			}
		}), "start/asks-once"),
		mutant("invents-a-name", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if q.Question.Name.IsZero() {
					q.Question = a("zero.example")
				}
				b.Start(q)
			}}
		}), "start/no-name"),
		mutant("try-asks", withBase(func(lookup resolve.Lookup, b resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: b, try: func(q resolve.Question) (resolve.Answer, error) { return lookup(context.Background(), q) }}
		}, nil), "try/does-not-ask"),
		mutant("errors-are-all-alike", around(func(b resolve.Strategy) *broken {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				if errors.Is(err, resolve.ErrNotFound) || errors.Is(err, resolve.ErrNoData) {
					err = &resolve.Error{Op: "mutant", Err: resolve.ErrServFail}
				}
				done(a, err)
			})
		}), "error/dns-error"),
		mutant("no-data-is-not-found", lookups(func(lookup resolve.Lookup) resolve.Lookup {
			return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
				a, err := lookup(ctx, q)
				if errors.Is(err, resolve.ErrNoData) {
					err = &resolve.Error{Op: "mutant", Question: q, Err: resolve.ErrNotFound}
				}
				return a, err
			}
		}), "error/no-data"),
		mutant("errors-are-opaque", around(func(b resolve.Strategy) *broken {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				if err != nil {
					err = opaque{err}
				}
				done(a, err)
			})
		}), "error/kinds"),
		mutant("foreign-errors-are-swallowed", around(func(b resolve.Strategy) *broken {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				if err != nil && !isKnown(err) {
					err = &resolve.Error{Op: "mutant", Err: resolve.ErrServFail}
				}
				done(a, err)
			})
		}), "error/foreign"),
		mutant("believes-any-answer", lookups(func(lookup resolve.Lookup) resolve.Lookup {
			return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
				a, err := lookup(ctx, q)
				a.Question = q
				return a, err
			}
		}), "error/other-question"),
		mutant("empty-answers", around(func(b resolve.Strategy) *broken {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				var e *resolve.Error
				if errors.As(err, &e) && e.Op == "pool" && errors.Is(err, resolve.ErrNoData) {
					err = nil
				}
				done(a, err)
			})
		}), "error/empty-answer"),
	}
}

// relayCancel is relay, except that it passes the end of the query on and changes the question.
func relayCancel(b resolve.Strategy, change func(q *resolve.Question)) *broken {
	return &broken{Strategy: b, start: func(q *resolve.Query) {
		inner := &resolve.Query{Question: q.Question}
		change(&inner.Question)
		if !q.Accept(func() { inner.Cancel() }) {
			return
		}
		inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) { q.Finish(a, err) })
		b.Start(inner)
	}}
}

func cancelMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("deaf-to-cancel", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if q.Done == nil {
					b.Start(q)
					return
				}
				b.Start(&resolve.Query{Question: q.Question, Deadline: q.Deadline, Inbox: q.Inbox, Done: q.Done})
			}}
		}), "cancel/before-start"),
		mutant("done-may-not-start", around(func(b resolve.Strategy) *broken {
			var inside atomic.Bool
			counting := onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				inside.Store(true)
				done(a, err)
				inside.Store(false)
			})
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if !inside.Load() {
					counting.Start(q)
				} else if q.Accept(nil) {
					q.Finish(resolve.Answer{}, &resolve.Error{Op: "mutant", Question: q.Question, Err: resolve.ErrQueueFull})
				}
			}, close: func() error {
				if inside.Load() {
					return nil
				}
				return b.Close()
			}}
		}), "cancel/in-done"),
		mutant("deaf-to-deadlines", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				q.Deadline = time.Time{}
				b.Start(q)
			}}
		}), "deadline/passed"),
		mutant("impatient", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if !q.Deadline.IsZero() {
					q.Deadline = time.Now()
				}
				b.Start(q)
			}}
		}), "deadline/not-before"),
		mutant("lookups-outlive-their-queries", lookups(func(lookup resolve.Lookup) resolve.Lookup {
			return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
				return lookup(context.WithoutCancel(ctx), q)
			}
		}), "close/ends-lookup"),
		mutant("canceled-queries-stay-queued", around(func(b resolve.Strategy) *broken { return relay(b, nil) }),
			"bound/cancel-frees"),
		mutant("queue-without-bound", withBase(nil, func(l resolve.Lookup, c resolve.PoolOptions) (resolve.Lookup, resolve.PoolOptions) {
			c.MaxQueued += 100
			return l, c
		}), "bound/busy"),
		mutant("more-workers", func(p *Fixture) {
			p.Base = func(t T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
				// The case continues after one more lookup has begun than may run at once.
				entered := make(chan struct{}, lookupsMax)
				noting := func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
					return lookup(notingContext{ctx, entered}, q)
				}
				one, err := resolve.NewPool(noting, bounds)
				two, err2 := resolve.NewPool(noting, bounds)
				if err := errors.Join(err, err2); err != nil {
					return nil, err
				}
				t.Cleanup(func() { two.Close() })
				var n atomic.Int64
				return &broken{Strategy: one, start: func(q *resolve.Query) {
					// Only for the case that looks for it, so that the order in the others is
					// unchanged.
					if !strings.HasPrefix(q.Question.Name.String(), "w") {
						one.Start(q)
						return
					}
					i := n.Add(1)
					if i%2 == 0 {
						two.Start(q)
					} else {
						one.Start(q)
					}
					if int(i) <= bounds.Workers+1 {
						<-entered
					}
				}}, nil
			}
		}, "bound/workers"),
		mutant("last-come-first-served", around(func(b resolve.Strategy) *broken {
			var held *resolve.Query
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if q.Question.Name.String() == "q1.example" {
					held = q
					return
				}
				b.Start(q)
				if held != nil {
					b.Start(held)
					held = nil
				}
			}}
		}), "bound/first-come"),
		mutant("close-waits-for-the-queue", around(func(b resolve.Strategy) *broken {
			var mu sync.Mutex
			inside := 0
			closing := false
			count := func(d int) {
				mu.Lock()
				inside += d
				end := closing && inside == 0
				mu.Unlock()
				if end {
					b.Close()
				}
			}
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				count(1)
				q.OnFinish(func(*resolve.Query, resolve.Answer, error) { count(-1) })
				b.Start(q)
			}, close: func() error {
				count(1)
				mu.Lock()
				closing = true
				mu.Unlock()
				count(-1)
				return nil
			}}
		}), "close/queued"),
		mutant("goroutines-stay", around(func(b resolve.Strategy) *broken {
			var leaks atomic.Bool
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				if q.Question.Name.String() == "leak.example" { // every case waits for the end, and one such wait suffices
					leaks.Store(true)
				}
				b.Start(q)
			}, wait: func() {
				if leaks.Load() {
					select {}
				}
			}}
		}), "close/ends-goroutines"),
		mutant("answers-once-closed", withBase(func(lookup resolve.Lookup, b resolve.Strategy) resolve.Strategy {
			var mu sync.Mutex
			closed := false
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				mu.Lock()
				defer mu.Unlock()
				if !closed {
					b.Start(q)
				} else if q.Accept(nil) {
					q.Finish(lookup(context.Background(), q.Question))
				}
			}, close: func() error {
				mu.Lock()
				closed = true
				mu.Unlock()
				return b.Close()
			}}
		}, nil), "close/later"),
		mutant("close-fails-twice", around(func(b resolve.Strategy) *broken {
			var n atomic.Uint32
			return &broken{Strategy: b, close: func() error {
				if n := n.Add(1); n > 1 {
					return fmt.Errorf("closed %d times", n)
				}
				return b.Close()
			}}
		}), "close/later"),
	}
}

// notingContext reports that a lookup has begun: a script calls Done after it has counted the
// lookup.
type notingContext struct {
	context.Context
	entered chan<- struct{}
}

func (c notingContext) Done() <-chan struct{} {
	c.entered <- struct{}{}
	return c.Context.Done()
}
