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

// running changes the result of Run.
func running(change func(err error) error) func(*operations) {
	return func(o *operations) {
		o.run = func(s sched.Scheduler, ctx context.Context) error { return change(s.Run(ctx)) }
	}
}

func endMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		mutant("tells tasks twice that the loop drains", func(o *operations) {
			o.onDrain = func(t *sched.Task, f func()) {
				t.OnDrain(func() {
					f()
					f()
				})
			}
		}, "drain/tasks-are-told"),
		mutant("drops tasks when the loop drains", forgiving(sched.ErrStopped), "drain/refuses-new-tasks"),
		mutant("refuses children when the loop drains", func(o *operations) {
			o.child = func(t *sched.Task, ctx context.Context, name string, b body) error {
				if t.Draining() {
					return sched.ErrStopped
				}
				return t.Go(ctx, name, b)
			}
		}, "drain/allows-children"),
		mutant("Run fails when it need not", running(func(err error) error {
			if err == nil {
				return errors.New("an error of its own")
			}
			return err
		}), "drain/run-returns"),
		mutant("counts a start that it refuses for a moment", countsRefused, "drain/refused-starts"),
		mutant("Shutdown hides that it has canceled", func(o *operations) {
			o.shutdown = func(s sched.Scheduler, ctx context.Context) error {
				_ = s.Shutdown(ctx)
				return nil
			}
		}, "shutdown/cancels-the-rest"),
		mutant("Shutdown cancels at once", func(o *operations) {
			o.shutdown = func(s sched.Scheduler, ctx context.Context) error {
				if ctx.Err() == nil {
					c, cancel := context.WithCancel(ctx)
					cancel()
					ctx = c
				}
				return s.Shutdown(ctx)
			}
		}, "shutdown/by-themselves"),
		mutant("Run ignores its context", func(o *operations) {
			o.run = func(s sched.Scheduler, _ context.Context) error { return s.Run(context.Background()) }
		}, "run/context"),
		mutant("Run can be called twice", running(func(err error) error {
			if errors.Is(err, sched.ErrStopped) {
				return nil
			}
			return err
		}), "run/once"),
		mutant("drops what was started before Run", func(o *operations) {
			var mu sync.Mutex
			running := map[*sched.Loop]bool{}
			o.run = func(s sched.Scheduler, ctx context.Context) error {
				mu.Lock()
				for _, l := range s.Loops() {
					running[l] = true
				}
				mu.Unlock()
				return s.Run(ctx)
			}
			var early atomic.Bool
			o.start = func(l *sched.Loop, ctx context.Context, name string, b body) error {
				mu.Lock()
				early.Store(!running[l] && (name == "early" || name == "waits"))
				mu.Unlock()
				if early.Load() {
					return nil
				}
				return l.Go(ctx, name, b)
			}
		}, "run/tasks-before"),
		mutant("hides that the queue has failed", running(func(err error) error {
			if errors.Is(err, queue.ErrClosed) {
				return nil
			}
			return err
		}), "run/queue-fails"),
	}
}

// countsRefused makes a start at the bound count itself before it is refused, and take the count
// back after the loop has gone to sleep. The count belongs to a handler whose registration fails. A
// lock of the loop would hide the defect, and a loop with one worker has no such lock.
func countsRefused(o *operations) {
	const nobody = ^sys.Handle(0)
	var (
		loop    atomic.Pointer[sched.Loop]
		limit   int
		counts  atomic.Bool
		counted = make(chan struct{})
		sleeps  = make(chan struct{})
		once    sync.Once
	)
	o.options = func(options sched.Options) sched.Options {
		if limit = options.MaxTasks; limit > 0 {
			options.MaxTasks++ // room for what is counted; refusals are decided here
		}
		return options
	}
	o.queue = func(q queue.Queue) queue.Queue {
		return countingQueue{q, func(h sys.Handle) bool {
			if h == nobody {
				close(counted)
				<-sleeps
			}
			return h == nobody
		}, func(timeout time.Duration) {
			if l := loop.Load(); l != nil && timeout < 0 && l.Len() == 1 {
				once.Do(func() { close(sleeps) })
			}
		}}
	}
	o.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
		if limit > 0 && l.Len() >= limit {
			return sched.HandlerTask{}, sched.ErrFull
		}
		return l.StartHandler(h, handler)
	}
	o.start = func(l *sched.Loop, ctx context.Context, name string, b body) error {
		switch {
		case limit == 0 || l.Len() < limit:
			return l.Go(ctx, name, b)
		case name != "refused":
			return sched.ErrFull // the other cases at the bound do not drain
		case counts.CompareAndSwap(false, true):
			_, _ = l.StartHandler(nobody, newScript(nil))
		}
		<-counted
		loop.Store(l)
		if l.Len() < limit {
			return sched.ErrStopped
		}
		return sched.ErrFull
	}
}

// countingQueue calls refuses with each handle that is added, and waits with the timeout of each
// wait.
type countingQueue struct {
	queue.Queue
	refuses func(h sys.Handle) bool
	waits   func(timeout time.Duration)
}

func (q countingQueue) Add(h sys.Handle, r queue.Registration) error {
	if q.refuses(h) {
		return queue.ErrNotPollable
	}
	return q.Queue.Add(h, r)
}

func (q countingQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	q.waits(timeout)
	return q.Queue.Wait(events, timeout)
}
