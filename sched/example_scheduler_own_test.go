package sched_test

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// leastLoaded is a Sharded that places each task on the loop with the fewest tasks.
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

// A program can place tasks by its own rule. It embeds a scheduler of this package and replaces the
// methods that start tasks.
func ExampleScheduler() {
	open := func() (queue.Queue, error) {
		q, _, err := auto.New()
		return q, err
	}
	sharded, err := sched.NewSharded(2, open, sched.Options{Mode: queue.Edge})
	if err != nil {
		log.Fatal(err)
	}
	var scheduler sched.Scheduler = leastLoaded{sharded}
	first, second := sharded.Loops()[0], sharded.Loops()[1]
	for range 2 { // placed by other means
		if err := first.Go(context.Background(), "idle", func(*sched.Task) error { return nil }); err != nil {
			log.Fatal(err)
		}
	}
	for range 4 {
		if err := scheduler.Go(context.Background(), "placed", func(*sched.Task) error { return nil }); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(first.Len(), second.Len())
	scheduler.Drain()
	if err := scheduler.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: 3 3
}
