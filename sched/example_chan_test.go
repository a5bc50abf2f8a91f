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

// A task sends to another one. The channel has room for one item, so Send suspends the sender until
// the receiver has made room.
func ExampleChan() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	numbers := sched.NewChan[int](1)
	err = loop.Go(context.Background(), "sends", func(t *sched.Task) error {
		defer numbers.Close()
		return errors.Join(numbers.Send(t, 1), numbers.Send(t, 2), numbers.Send(t, 3))
	})
	if err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "receives", func(t *sched.Task) error {
		for n, err := numbers.Recv(t); err == nil; n, err = numbers.Recv(t) {
			fmt.Println(n)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// 1
	// 2
	// 3
	// <nil>
}

// A task receives from a scheduler channel and a Go channel, whichever has an item.
func ExampleChan_WatchRecv() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	lines := sched.NewChan[string](4)
	results := make(chan string)
	bridge := sched.NewBridge(results, 4)
	sel := loop.Waiter().NewSelect()
	if err := errors.Join(lines.WatchRecv(sel), bridge.WatchRecv(sel)); err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "receives", func(*sched.Task) error {
		defer sel.Close()
		for {
			line, ended := lines.TryRecv()
			if ended == nil {
				fmt.Println("line:", line)
				continue
			}
			result, failed := bridge.TryRecv()
			if failed == nil {
				fmt.Println("result:", result)
				lines.Close()
				continue
			}
			if errors.Is(ended, sched.ErrClosed) {
				bridge.Stop()
				return nil
			}
			if err := sel.Wait(nil, time.Time{}); err != nil {
				return err
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "sends", func(t *sched.Task) error {
		if err := lines.Send(t, "hello"); err != nil {
			return err
		}
		go func() { results <- "42" }()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// line: hello
	// result: 42
	// <nil>
}
