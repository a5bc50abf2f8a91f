package schedtest

import (
	"context"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// form is a kind of caller that waits with a registration.
type form struct {
	name     string
	polled   bool // the callers need a poller
	register func(o *operations, l *sched.Loop, h sys.Handle) (registration, error)
	// spawn runs f where it may wait, and returns a channel that is closed at its end. fence lets
	// the loop take all pending events.
	spawn func(t T, r *Fixture, f func(fence func())) <-chan struct{}
}

var taskForm = form{
	name:     "task",
	register: func(o *operations, l *sched.Loop, h sys.Handle) (registration, error) { return o.tasks(l, h) },
	spawn: func(t T, r *Fixture, f func(func())) <-chan struct{} {
		return r.spawn(t, r.loop(), context.Background(), "waiter", func(task *sched.Task) error {
			f(func() {
				for range fenceTurns {
					_ = task.Yield()
				}
			})
			return nil
		})
	},
}

var goroutineForm = form{
	name:     "goroutine",
	polled:   true,
	register: func(o *operations, l *sched.Loop, h sys.Handle) (registration, error) { return o.goroutines(l, h) },
	spawn: func(t T, r *Fixture, f func(func())) <-chan struct{} {
		return r.goes(func() { f(func() { r.fence(t) }) })
	},
}

// run returns the function of a case whose callers wait in form f.
func (f form) run(body func(t T, r *Fixture, f form)) func(t T, r *Fixture) {
	return func(t T, r *Fixture) {
		if f.polled {
			r.poll()
		}
		body(t, r, f)
	}
}
