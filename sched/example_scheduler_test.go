//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A Single runs all tasks on the goroutine that calls Run, so they share variables without a lock.
func ExampleNewSingle() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	scheduler := sched.NewSingle(q, sched.Options{})
	sum := 0
	for i := range 10 {
		err := scheduler.Go(context.Background(), "adds", func(*sched.Task) error {
			sum += i
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	scheduler.Drain()
	err = scheduler.Run(context.Background())
	fmt.Println(sum, err)
	// Output: 45 <nil>
}

// A Sharded places tasks on its loops in turn, and each task stays where it was placed.
func ExampleNewSharded() {
	open := func() (queue.Queue, error) {
		q, _, err := auto.New()
		return q, err
	}
	scheduler, err := sched.NewSharded(2, open, sched.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var placed [4]int
	for i := range placed {
		err := scheduler.Go(context.Background(), "finds its loop", func(t *sched.Task) error {
			placed[i] = slices.Index(scheduler.Loops(), t.Loop())
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	scheduler.Drain()
	err = scheduler.Run(context.Background())
	fmt.Println(placed, err)
	// Output: [0 1 0 1] <nil>
}

// The workers of a Shared run tasks of one loop at the same time. What the tasks share is guarded,
// here by an atomic counter.
func ExampleNewShared() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	scheduler, err := sched.NewShared(2, q, sched.Options{Mode: queue.Edge})
	if err != nil {
		log.Fatal(err)
	}
	var sum atomic.Int64
	for i := range 10 {
		err := scheduler.Go(context.Background(), "adds", func(*sched.Task) error {
			sum.Add(int64(i))
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	scheduler.Drain()
	err = scheduler.Run(context.Background())
	fmt.Println(sum.Load(), err)
	// Output: 45 <nil>
}

// All tasks start on the first loop of a Stealing. The second loop may take some of them, but each
// task still belongs to the first.
func ExampleNewStealing() {
	open := func() (queue.Queue, error) {
		q, _, err := auto.New()
		return q, err
	}
	scheduler, err := sched.NewStealing(2, open, sched.Options{Mode: queue.Edge})
	if err != nil {
		log.Fatal(err)
	}
	first := scheduler.Loops()[0]
	var ran, moved atomic.Int32
	for range 10 {
		err := first.Go(context.Background(), "counts", func(t *sched.Task) error {
			ran.Add(1)
			if t.Loop() != first {
				moved.Add(1)
			}
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	scheduler.Drain()
	err = scheduler.Run(context.Background())
	fmt.Println("ran:", ran.Load(), "moved:", moved.Load(), err)
	// Output: ran: 10 moved: 0 <nil>
}
