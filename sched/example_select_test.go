//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A task receives from a channel until a deadline and does not hold its loop meanwhile.
func ExampleWaiter_NewSelect() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	values := make(chan string, 1)
	sel := loop.Waiter().NewSelect()
	err = loop.Go(context.Background(), "receives", func(*sched.Task) error {
		defer sel.Close()
		deadline := time.Now().Add(time.Minute)
		for {
			select {
			case v := <-values:
				fmt.Println(v)
				return nil
			default:
			}
			if err := sel.Wait(nil, deadline); err != nil {
				return err
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		values <- "hello"
		sel.Wake()
	}()
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// hello
	// <nil>
}
