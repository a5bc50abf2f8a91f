package schedtest

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

// joining changes the result of Join.
func joining(change func(t *sched.Task, j *sched.Job, err error) error) func(*operations) {
	return func(o *operations) {
		o.join = func(t *sched.Task, j *sched.Job) error { return change(t, j, t.Join(j)) }
	}
}

func joinMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		mutant("Join returns before the end", func(o *operations) {
			o.join = func(_ *sched.Task, j *sched.Job) error { return j.Err() }
		}, "join/error"),
		mutant("Join loses the stack of a panic", joining(func(_ *sched.Task, _ *sched.Job, err error) error {
			if p := (*sched.PanicError)(nil); errors.As(err, &p) {
				return &sched.PanicError{Value: p.Value}
			}
			return err
		}), "join/panic"),
		mutant("a joiner that is canceled takes the joined task along", joining(func(t *sched.Task, j *sched.Job, err error) error {
			if t.Context().Err() != nil {
				j.Cancel(errCase)
			}
			return err
		}), "join/joiner-is-canceled"),
		mutant("Wait loses the error", func(o *operations) {
			o.outside = func(j *sched.Job, ctx context.Context) error {
				_ = j.Wait(ctx)
				return nil
			}
		}, "join/goroutine"),
		mutant("Cancel forgets the cause", func(o *operations) {
			o.cancel = func(j *sched.Job, _ error) { j.Cancel(nil) }
		}, "job/cancel"),
		mutant("a task that is canceled early does not run", func(o *operations) {
			o.launch = func(l *sched.Loop, ctx context.Context, name string, b body) (*sched.Job, error) {
				return l.Start(ctx, name, func(t *sched.Task) error {
					if err := t.Yield(); err != nil {
						return err
					}
					return b(t)
				})
			}
		}, "job/cancel-before-it-begins"),
	}
}
