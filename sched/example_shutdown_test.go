//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// Shutdown asks the tasks to end and waits for them. A task learns of it through OnDrain, and ends
// by itself.
func ExampleLoop_Shutdown() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	ran := make(chan error, 1)
	go func() { ran <- loop.Run(context.Background()) }()
	serving := make(chan struct{})
	err = loop.Go(context.Background(), "serves", func(t *sched.Task) error {
		err := t.Suspend(func(resume func()) {
			t.OnDrain(resume) // a server closes its listener instead
			close(serving)
		})
		fmt.Println("cleans up:", err)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	<-serving
	fmt.Println(loop.Shutdown(context.Background()), <-ran)
	// Output:
	// cleans up: <nil>
	// <nil> <nil>
}
