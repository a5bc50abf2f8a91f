//go:build unix

package sched_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A task starts another one and waits for its end. The other task may also belong to another loop.
func ExampleJob() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	err = loop.Go(context.Background(), "parent", func(t *sched.Task) error {
		sum := 0
		job, err := t.Start(context.Background(), "child", func(*sched.Task) error {
			sum = 1 + 2
			return nil
		})
		if err != nil {
			return err
		}
		err = t.Join(job)
		fmt.Println(job.Name(), "ended:", sum, err)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// child ended: 3 <nil>
	// <nil>
}

// Cancel ends the wait of a task, whose operation then returns a *CancelError with the cause.
func ExampleJob_Cancel() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	job, err := loop.Start(context.Background(), "sleeps", func(t *sched.Task) error { return t.Sleep(time.Hour) })
	if err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "cancels", func(t *sched.Task) error {
		job.Cancel(errors.New("no longer needed"))
		var canceled *sched.CancelError
		if errors.As(t.Join(job), &canceled) {
			fmt.Printf("%s: %v\n", canceled.Task, canceled.Cause)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// sleeps: no longer needed
	// <nil>
}

// A panic ends only its task. The loop continues, and the Job has the value and the stack.
func ExamplePanicError() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Ended: func(string, error) {}}) // instead of the log
	job, err := loop.Start(context.Background(), "panics", func(*sched.Task) error { panic("a bug") })
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	var panicked *sched.PanicError
	if errors.As(job.Err(), &panicked) {
		fmt.Println(panicked.Value, len(panicked.Stack) > 0)
	}
	// Output:
	// <nil>
	// a bug true
}
