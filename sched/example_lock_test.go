//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A task may hold a Mutex while it is suspended. Another task that locks it waits, and the loop
// continues.
func ExampleMutex() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	var mutex sched.Mutex
	for _, name := range []string{"first", "second"} {
		err := loop.Go(context.Background(), name, func(t *sched.Task) error {
			if err := mutex.Lock(t); err != nil {
				return err
			}
			defer mutex.Unlock()
			fmt.Println(name, "locked")
			err := t.Yield() // the other task runs
			fmt.Println(name, "unlocks")
			return err
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// first locked
	// first unlocks
	// second locked
	// second unlocks
	// <nil>
}

// Five tasks want a slot, and a Semaphore lets at most two of them have one at a time.
func ExampleSemaphore() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	slots := sched.NewSemaphore(2)
	inUse, most := 0, 0
	for range 5 {
		err := loop.Go(context.Background(), "uses a slot", func(t *sched.Task) error {
			if err := slots.Acquire(t, 1); err != nil {
				return err
			}
			defer func() { inUse--; slots.Release(1) }()
			inUse++
			most = max(most, inUse)
			return t.Yield() // the other tasks run
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	loop.Drain()
	err = loop.Run(context.Background())
	fmt.Println("most at once:", most, err)
	// Output: most at once: 2 <nil>
}
