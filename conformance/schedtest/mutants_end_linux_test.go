package schedtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// running has the result of Run changed.
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
		mutant("Shutdown hides that it has cancelled", func(o *operations) {
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
