//go:build unix

package sched_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A goroutine sends to a Go channel, and a task receives the items through a Bridge.
func ExampleBridge() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	results := make(chan string)
	bridge := sched.NewBridge(results, 4)
	go func() {
		results <- "one"
		results <- "two"
		close(results)
	}()
	err = loop.Go(context.Background(), "receives", func(t *sched.Task) error {
		result, err := bridge.Recv(t)
		for ; err == nil; result, err = bridge.Recv(t) {
			fmt.Println(result)
		}
		fmt.Println("closed:", errors.Is(err, sched.ErrClosed))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// one
	// two
	// closed: true
	// <nil>
}
