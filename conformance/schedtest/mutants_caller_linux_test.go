package schedtest

import (
	"context"
	"errors"
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
			"caller/goroutine-waits-as-a-task"),
		of("whoever waits as a goroutine seems to have waited", oddly(goroutineForm, waits),
			"caller/task-waits-as-a-goroutine"),
		of("a task that somebody else suspends seems to have been suspended", func(o *operations) {
			o.yield = func(t *sched.Task) error { return unnoticed(t.Yield()) }
			o.sleep = func(t *sched.Task, d time.Duration) error { return unnoticed(t.Sleep(d)) }
		}, "caller/goroutine-waits-as-a-task"),
		of("a lock is given to whoever names a task", func(o *operations) {
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				err := m.Lock(t)
				if errors.Is(err, sched.ErrWrongWaiter) && m.TryLock() {
					return nil
				}
				return err
			}
		}, "caller/goroutine-waits-as-a-task"),
		of("a task that waits for a job as a goroutine holds its loop", func(o *operations) {
			o.outside = func(j *sched.Job, ctx context.Context) error {
				err := j.Wait(ctx)
				if errors.Is(err, sched.ErrWrongWaiter) {
					<-j.Done()
					return j.Err()
				}
				return err
			}
		}, "caller/task-waits-as-a-goroutine"),
	}
}
