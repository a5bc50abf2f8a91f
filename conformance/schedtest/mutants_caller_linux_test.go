package schedtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// unnoticed makes a wait in the wrong place appear to succeed.
func unnoticed(err error) error {
	if errors.Is(err, sched.ErrWrongWaiter) {
		return nil
	}
	return err
}

// callerMutants all run on a Stealing scheduler, which has tasks of another loop.
func callerMutants() []suite.Mutant[*Fixture] {
	of := func(name string, alter func(*operations), detects string) suite.Mutant[*Fixture] {
		return mutantOf(stealing(2, "stealing", "epoll", openEpoll, queue.Edge), name, alter, detects)
	}
	waits := func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error { return unnoticed(o.registration.Wait(d, deadline)) }
	}
	return []suite.Mutant[*Fixture]{
		of("whoever waits as a task seems to have waited", oddly(taskForm, waits),
			"caller/goroutine-without-a-poller"),
		of("a task that waits with a poller seems to have waited", func(o *operations) {
			o.polled = func(p *sched.Poller, h sys.Handle) (registration, error) {
				reg, err := p.Register(h)
				if err != nil {
					return nil, err
				}
				odd := &odd{registration: reg}
				waits(odd)
				return odd, nil
			}
		}, "caller/task-waits-with-a-poller"),
		of("a task that somebody else suspends seems to have been suspended", func(o *operations) {
			o.yield = func(t *sched.Task) error { return unnoticed(t.Yield()) }
			o.sleep = func(t *sched.Task, d time.Duration) error { return unnoticed(t.Sleep(d)) }
		}, "caller/goroutine-without-a-poller"),
		of("a lock is given to whoever names a task", func(o *operations) {
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				err := m.Lock(t)
				if errors.Is(err, sched.ErrWrongWaiter) && m.TryLock() {
					return nil
				}
				return err
			}
		}, "caller/goroutine-without-a-poller"),
		of("a task that waits for a job as a goroutine holds its loop", func(o *operations) {
			o.outside = func(j *sched.Job, ctx context.Context) error {
				err := j.Wait(ctx)
				if errors.Is(err, sched.ErrWrongWaiter) {
					<-j.Done()
					return j.Err()
				}
				return err
			}
		}, "caller/task-waits-with-a-poller"),
		of("a goroutine has no poller", func(o *operations) {
			o.options = func(options sched.Options) sched.Options {
				options.Poller = nil
				return options
			}
		}, "caller/one-handle"),
		of("a handle that a goroutine has registered serves goroutines only", func(o *operations) {
			o.goroutines = func(l *sched.Loop, h sys.Handle) (registration, error) {
				reg, err := l.Waiter().Register(h)
				return goroutinesOnly{reg}, err
			}
		}, "caller/one-handle-of-a-goroutine"),
		of("a task of another loop holds its loop while it waits", holdsOtherLoop, "caller/one-handle-of-another-loop"),
		of("a goroutine waits until the loop has time", func(o *operations) {
			register := o.tasks
			o.tasks = func(l *sched.Loop, h sys.Handle) (registration, error) {
				reg, err := register(l, h)
				if err != nil {
					return nil, err
				}
				odd := &odd{registration: reg}
				odd.wait = func(d sys.Direction, deadline time.Time) error {
					if mayBlock(reg) {
						free := make(chan struct{})
						if l.Post(func() { close(free) }) == nil {
							<-free
						}
					}
					return reg.Wait(d, deadline)
				}
				return odd, nil
			}
		}, "caller/held-loop"),
		of("Interrupt reaches only tasks", oddly(taskForm, func(o *odd) {
			var goroutines atomic.Int32
			o.wait = countGoroutines(o, &goroutines)
			o.interrupt = func(d sys.Direction) {
				if goroutines.Load() == 0 {
					o.registration.Interrupt(d)
				}
			}
		}), "caller/interrupt-all"),
		of("Close leaves goroutines waiting", oddly(taskForm, func(o *odd) {
			var goroutines atomic.Int32
			o.wait = countGoroutines(o, &goroutines)
			o.close = func() error {
				if goroutines.Load() == 0 {
					return o.registration.Close()
				}
				return nil
			}
		}), "caller/close-all"),
		of("a Wake before the first Wait is lost", func(o *operations) {
			o.selects = func(l *sched.Loop) sched.Select { return &deafSelect{Select: l.Waiter().NewSelect()} }
		}, "caller/select"),
		of("a waiter of all loops registers with the first", func(o *operations) {
			o.everywhere = func(s sched.Scheduler) sched.Waiter { return s.Loops()[0].Waiter() }
		}, "caller/waiter-of"),
		of("Suspend returns at once", func(o *operations) {
			o.suspends = func(_ *sched.Loop, start func(func())) error {
				start(func() {})
				return nil
			}
		}, "caller/suspend"),
		of("a poller calls functions at once, after its end too", func(o *operations) {
			o.postPoller = func(_ *sched.Poller, f func()) error {
				f()
				return nil
			}
		}, "caller/post"),
		of("a registration never rests", func(o *operations) {
			o.queue = func(q queue.Queue) queue.Queue { return &keepingQueue{Queue: q} }
		}, "caller/unused"),
	}
}

// mayBlock reports whether the caller is not a task.
func mayBlock(reg registration) bool { return reg.(interface{ MayBlock() bool }).MayBlock() }

// goroutinesOnly is a registration with which tasks cannot wait.
type goroutinesOnly struct{ registration }

func (r goroutinesOnly) Wait(d sys.Direction, deadline time.Time) error {
	if !mayBlock(r.registration) {
		return sched.ErrWrongWaiter
	}
	return r.registration.Wait(d, deadline)
}

// countGoroutines returns a Wait of o that counts the goroutines in it.
func countGoroutines(o *odd, n *atomic.Int32) func(sys.Direction, time.Time) error {
	return func(d sys.Direction, deadline time.Time) error {
		if mayBlock(o.registration) {
			n.Add(1)
			defer n.Add(-1)
		}
		return o.registration.Wait(d, deadline)
	}
}

// holdsOtherLoop makes a task that waits for a handle of another loop wait as a goroutine does.
func holdsOtherLoop(o *operations) {
	var loops sync.Map // from the goroutine of a task to its loop
	start, register := o.start, o.tasks
	o.start = func(l *sched.Loop, ctx context.Context, name string, b body) error {
		return start(l, ctx, name, func(t *sched.Task) error {
			loops.Store(suite.CurrentGoroutine(), l)
			return b(t)
		})
	}
	o.tasks = func(l *sched.Loop, h sys.Handle) (registration, error) {
		reg, err := register(l, h)
		if err != nil {
			return nil, err
		}
		odd := &odd{registration: reg}
		odd.wait = func(d sys.Direction, deadline time.Time) error {
			if of, ok := loops.Load(suite.CurrentGoroutine()); !ok || of == l {
				return reg.Wait(d, deadline)
			}
			result := make(chan error)
			go func() { result <- reg.Wait(d, deadline) }()
			return <-result
		}
		return odd, nil
	}
}

// deafSelect hears no Wake before its first Wait.
type deafSelect struct {
	sched.Select
	waits atomic.Bool
}

func (s *deafSelect) Wait(wanted []sched.Readiness, deadline time.Time) error {
	s.waits.Store(true)
	return s.Select.Wait(wanted, deadline)
}

func (s *deafSelect) Wake() {
	if s.waits.Load() {
		s.Select.Wake()
	}
}

// keepingQueue keeps a registration whose end was requested until its handle is registered again.
type keepingQueue struct {
	queue.Queue
	mu   sync.Mutex
	kept map[sys.Handle]bool
}

func (q *keepingQueue) Delete(h sys.Handle) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.kept == nil {
		q.kept = map[sys.Handle]bool{}
	}
	q.kept[h] = true
	return nil
}

func (q *keepingQueue) Add(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.kept[h] {
		return q.Queue.Add(h, r)
	}
	// The number may be that of another handle by now.
	delete(q.kept, h)
	if err := q.Queue.Modify(h, r); err == nil {
		return nil
	}
	_ = q.Queue.Delete(h)
	return q.Queue.Add(h, r)
}
