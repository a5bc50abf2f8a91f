//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// Suspend lets a task wait for a function that reports its result to a callback.
func ExampleTask_Suspend() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	compute := func(done func(result int)) { go done(6 * 7) } // calls done on a goroutine of its own
	err = loop.Go(context.Background(), "waits for the result", func(t *sched.Task) error {
		var result int
		err := t.Suspend(func(resume func()) {
			compute(func(r int) {
				result = r
				resume()
			})
		})
		if err != nil {
			return err // canceled: result may still be written
		}
		fmt.Println(result)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// 42
	// <nil>
}
