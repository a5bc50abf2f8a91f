//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

func Example() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	ended := func(task string, err error) { fmt.Println(task, "ended:", err) }
	loop := sched.New(q, sched.Options{Mode: queue.Edge, Ended: ended})
	start := func(name string, d time.Duration) {
		err := loop.Go(context.Background(), name, func(t *sched.Task) error {
			return t.Sleep(d) // suspends the task, as a read of a stream.Conn over loop.Waiter() does
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	start("second", 20*time.Millisecond)
	start("first", 5*time.Millisecond)
	loop.Drain() // takes no more tasks; Run returns when the last has ended
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// first ended: <nil>
	// second ended: <nil>
	// <nil>
}
