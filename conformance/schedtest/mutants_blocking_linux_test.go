package schedtest

import (
	"context"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

func blockingMutants() []suite.Mutant[*Fixture] {
	blocking := func(block func(t *sched.Task, f func() error) error) func(*operations) {
		return func(o *operations) { o.block = block }
	}
	pool := func(change func(n int) int) func(*operations) {
		return func(o *operations) {
			o.options = func(so sched.Options) sched.Options {
				so.MaxBlocking = change(so.MaxBlocking)
				return so
			}
		}
	}
	return []suite.Mutant[*Fixture]{
		mutant("Blocking holds the loop", blocking(func(t *sched.Task, f func() error) error {
			if t.Name() != "blocks" {
				return t.Blocking(f)
			}
			return f()
		}), "blocking/does-not-hold-the-loop"),
		mutant("Blocking has one goroutine too many", pool(func(n int) int {
			if n > 0 {
				n++
			}
			return n
		}), "blocking/bound"),
		mutant("a function whose task was canceled gives its place away", func(o *operations) {
			var places *sched.Semaphore
			o.options = func(so sched.Options) sched.Options {
				if so.MaxBlocking > 0 {
					places = sched.NewSemaphore(so.MaxBlocking)
					so.MaxBlocking++
				}
				return so
			}
			o.block = func(t *sched.Task, f func() error) error {
				if places == nil {
					return t.Blocking(f)
				}
				if err := places.Acquire(t, 1); err != nil {
					return err
				}
				defer places.Release(1)
				return t.Blocking(f)
			}
		}, "blocking/canceled"),
		mutant("Blocking has a pool that nobody asked for", pool(func(n int) int { return max(1, n) }), "blocking/no-pool"),
		mutant("Blocking swallows a panic", blocking(func(t *sched.Task, f func() error) error {
			return t.Blocking(func() error {
				defer func() { _ = recover() }()
				return f()
			})
		}), "blocking/panic"),
		mutant("a canceled Blocking waits for its function", blocking(func(t *sched.Task, f func() error) error {
			if t.Name() != "abandons" {
				return t.Blocking(f)
			}
			j, err := t.Start(context.Background(), "deaf", func(c *sched.Task) error { return c.Blocking(f) })
			for err == nil && !ended(j) {
				_ = t.Yield()
			}
			return t.Join(j)
		}), "blocking/canceled"),
		mutant("Blocking in line heeds no cancellation", blocking(func(t *sched.Task, f func() error) error {
			if t.Name() != "in line" {
				return t.Blocking(f)
			}
			j, err := t.Start(context.Background(), "deaf", func(c *sched.Task) error { return c.Blocking(f) })
			for err == nil && !ended(j) {
				_ = t.Yield()
			}
			return t.Join(j)
		}), "blocking/canceled-in-line"),
		mutant("the loop ends before the function", blocking(func(t *sched.Task, f func() error) error {
			if t.Name() != "abandons" {
				return t.Blocking(f)
			}
			return t.Suspend(func(resume func()) {
				go func() {
					defer resume()
					defer func() { _ = recover() }()
					_ = f()
				}()
			})
		}), "blocking/drain-waits"),
	}
}

func ended(j *sched.Job) bool {
	select {
	case <-j.Done():
		return true
	default:
		return false
	}
}
