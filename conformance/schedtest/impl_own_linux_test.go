package schedtest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// leastLoaded is a scheduler of another package: it places each task on the loop with the fewest
// tasks.
type leastLoaded struct{ *sched.Sharded }

func (s leastLoaded) Go(ctx context.Context, name string, body func(*sched.Task) error) error {
	return s.place().Go(ctx, name, body)
}

func (s leastLoaded) Start(ctx context.Context, name string, body func(*sched.Task) error) (*sched.Job, error) {
	return s.place().Start(ctx, name, body)
}

func (s leastLoaded) place() *sched.Loop {
	return slices.MinFunc(s.Loops(), func(a, b *sched.Loop) int { return cmp.Compare(a.Len(), b.Len()) })
}

func TestSchedulerOfAnotherPackage(t *testing.T) {
	target := sharded("epoll", openEpoll, queue.Edge)
	target.Name = "epoll/edge/least-loaded"
	target.Features = with(InOrder, SeveralLoops)
	open := target.Open
	target.Open = func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
		s, err := open(o, wrap)
		if err != nil {
			return nil, err
		}
		return leastLoaded{s.(*sched.Sharded)}, nil
	}
	Run(t, target)
}
