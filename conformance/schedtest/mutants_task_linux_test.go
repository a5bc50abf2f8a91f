package schedtest

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// bodies replaces every started body through change.
func bodies(change func(name string, b body) body) func(*operations) {
	return func(o *operations) {
		o.start = func(l *sched.Loop, ctx context.Context, name string, b body) error {
			return l.Go(ctx, name, change(name, b))
		}
	}
}

// forgiving turns the error of a start into success.
func forgiving(err error) func(*operations) {
	return func(o *operations) {
		o.start = func(l *sched.Loop, ctx context.Context, name string, b body) error {
			got := l.Go(ctx, name, b)
			if errors.Is(got, err) {
				return nil
			}
			return got
		}
	}
}

// hogsMax is how often a mutant keeps the loop to itself. It exceeds the count of the case that
// detects the mutant, but is finite.
const hogsMax = 10 * roundsMax

func taskMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		mutant("runs a task twice", func(o *operations) {
			var starts atomic.Int32
			bodies(func(name string, b body) body {
				if starts.Add(1) != 150 || name == "waiter" || name == "reader" {
					return b
				}
				return func(t *sched.Task) error { return errors.Join(b(t), b(t)) }
			})(o)
		}, "task/runs-once"),
		mutant("a child ends with its parent", func(o *operations) {
			o.child = func(t *sched.Task, ctx context.Context, name string, b body) error {
				ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
				context.AfterFunc(t.Context(), cancel)
				return t.Go(ctx, name, b)
			}
		}, "cancel/child-outlives"),
		mutant("a child is not canceled with its parent", func(o *operations) {
			o.child = func(t *sched.Task, ctx context.Context, name string, b body) error {
				return t.Go(context.WithoutCancel(ctx), name, b)
			}
		}, "cancel/child"),
		mutant("swallows the error of a task", bodies(func(_ string, b body) body {
			return func(t *sched.Task) error {
				_ = b(t)
				return nil
			}
		}), "cancel/error"),
		mutant("tells every end twice", func(o *operations) {
			o.ended = func(tell func(string, error)) func(string, error) {
				return func(task string, err error) {
					tell(task, err)
					tell(task, err)
				}
			}
		}, "task/end-is-told"),
		mutant("swallows the panic of a task", bodies(func(_ string, b body) body {
			return func(t *sched.Task) error {
				defer func() { _ = recover() }()
				return b(t)
			}
		}), "task/panic-is-contained"),
		mutant("loses the stack of a panic", bodies(func(_ string, b body) body {
			return func(t *sched.Task) (err error) {
				defer func() {
					if v := recover(); v != nil {
						err = &sched.PanicError{Value: v}
					}
				}()
				return b(t)
			}
		}), "task/panic-is-contained"),
		mutant("Call returns before the body", func(o *operations) {
			o.call = (*sched.Loop).Go
		}, "task/call"),
		mutant("Call returns another error when its context is done", func(o *operations) {
			o.call = func(l *sched.Loop, ctx context.Context, name string, b body) error {
				if err := l.Call(ctx, name, b); err == nil || ctx.Err() == nil {
					return err
				}
				return context.Cause(ctx)
			}
		}, "task/call-canceled"),
		mutant("drops tasks at the bound", forgiving(sched.ErrFull), "task/bound"),
		mutantOf(sharded("epoll", openEpoll, queue.Edge), "places all tasks on one loop", func(o *operations) {
			o.place = func(s sched.Scheduler, ctx context.Context, name string, b body) error {
				return s.Loops()[0].Go(ctx, name, b)
			}
		}, "task/spread"),
		mutant("ignores the context", func(o *operations) {
			o.start = func(l *sched.Loop, _ context.Context, name string, b body) error {
				return l.Go(context.Background(), name, b)
			}
		}, "cancel/before-start"),
		mutant("a canceled task does not let go of the loop", func(o *operations) {
			hogs := 0
			o.sleep = func(t *sched.Task, d time.Duration) error {
				if c := t.Context(); c.Err() != nil {
					if hogs++; hogs > hogsMax {
						return t.Sleep(d) // the loop must get it back eventually, or the test would not end
					}
					return &sched.CancelError{Task: t.Name(), Cause: context.Cause(c)}
				}
				return t.Sleep(d)
			}
		}, "cancel/ignored"),
		mutant("the task's context is not its own", func(o *operations) {
			o.context = func(*sched.Task) context.Context { return context.Background() }
		}, "cancel/context"),
		mutant("a resumption inside start is lost", func(o *operations) {
			o.await = func(t *sched.Task, start func(func())) error {
				return t.Suspend(func(resume func()) {
					inside := goroutineID()
					start(func() {
						if goroutineID() != inside {
							resume()
						}
					})
				})
			}
		}, "await/inline"),
		mutant("a resumption is lost now and then", func(o *operations) {
			var resumes atomic.Int32
			o.await = func(t *sched.Task, start func(func())) error {
				return t.Suspend(func(resume func()) {
					start(func() {
						if resumes.Add(1)%50 != 0 {
							resume()
						}
					})
				})
			}
		}, "await/other-goroutine"),
		mutant("a late resumption ends the next wait", func(o *operations) {
			var mu sync.Mutex
			latest := map[*sched.Task]func(){}
			o.await = func(t *sched.Task, start func(func())) error {
				return t.Suspend(func(resume func()) {
					mu.Lock()
					latest[t] = resume
					mu.Unlock()
					start(func() {
						mu.Lock()
						f := latest[t]
						mu.Unlock()
						f()
					})
				})
			}
		}, "await/late-and-twice"),
		mutant("Yield does not yield", func(o *operations) {
			o.yield = func(*sched.Task) error { return nil }
		}, "fairness/tasks"),
	}
}

// goroutineID returns the runtime's name of the goroutine, such as "goroutine 7".
func goroutineID() string {
	buf := make([]byte, 32)
	id, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte(" ["))
	return string(id)
}

func timeMutants() []suite.Mutant[*Fixture] {
	sleeping := func(change func(d time.Duration) time.Duration) func(*operations) {
		return func(o *operations) {
			o.sleep = func(t *sched.Task, d time.Duration) error { return t.Sleep(change(d)) }
		}
	}
	return []suite.Mutant[*Fixture]{
		mutant("sleeps too little", sleeping(func(d time.Duration) time.Duration { return d / 1000 }),
			"time/never-early"),
		mutant("counts from the last time it looked", func(o *operations) {
			looked := map[*sched.Task]time.Time{}
			o.sleep = func(t *sched.Task, d time.Duration) error {
				if at, ok := looked[t]; ok {
					d -= time.Since(at)
				}
				err := t.Sleep(d)
				looked[t] = time.Now()
				return err
			}
		}, "time/stale-clock"),
		mutant("rounds up to a coarse clock", sleeping(func(d time.Duration) time.Duration {
			const tick = 70 * time.Millisecond
			if d <= 0 || d > time.Minute {
				return d
			}
			return (d + tick - 1) / tick * tick
		}), "time/order"),
		mutant("overflows", sleeping(func(d time.Duration) time.Duration {
			if d > math.MaxInt64-time.Hour {
				return 0
			}
			return d
		}), "time/extremes"),
		mutant("a signal ends the wait", func(o *operations) {
			var signalled atomic.Bool
			send := o.interrupt
			o.interrupt = func() error {
				signalled.Store(true)
				return send()
			}
			o.queue = func(q queue.Queue) queue.Queue {
				return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
					n, err := q.Wait(events, timeout)
					if signalled.Swap(false) {
						return 0, errors.New("interrupted system call")
					}
					return n, err
				}}
			}
		}, "time/signals"),
	}
}

func postMutants() []suite.Mutant[*Fixture] {
	posting := func(post func(l *sched.Loop, f func()) error) func(*operations) {
		return func(o *operations) { o.post = post }
	}
	var delayed, dropped atomic.Int32
	return []suite.Mutant[*Fixture]{
		mutant("a function comes a turn late now and then", posting(func(l *sched.Loop, f func()) error {
			if delayed.Add(1)%10 != 0 {
				return l.Post(f)
			}
			return l.Post(func() {
				if l.Post(f) != nil {
					f()
				}
			})
		}), "post/order"),
		mutant("a function is lost now and then", posting(func(l *sched.Loop, f func()) error {
			if dropped.Add(1)%200 == 0 {
				return nil
			}
			return l.Post(f)
		}), "post/none-lost"),
		mutant("drops functions at the bound", posting(func(l *sched.Loop, f func()) error {
			if err := l.Post(f); !errors.Is(err, sched.ErrFull) {
				return err
			}
			return nil
		}), "post/bound"),
		mutant("takes functions when it is over", posting(func(l *sched.Loop, f func()) error {
			if err := l.Post(f); !errors.Is(err, sched.ErrStopped) {
				return err
			}
			return nil
		}), "post/bound"),
		mutant("swallows the panic of a function", posting(func(l *sched.Loop, f func()) error {
			return l.Post(func() {
				defer func() { _ = recover() }()
				f()
			})
		}), "post/panic-is-contained"),
	}
}
