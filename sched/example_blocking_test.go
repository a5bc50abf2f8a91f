//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// A function of one task blocks until a Go channel is closed. Meanwhile the loop runs the other
// task, which closes the channel.
func ExampleTask_Blocking() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{MaxBlocking: 1})
	release := make(chan struct{})
	err = loop.Go(context.Background(), "blocks", func(t *sched.Task) error {
		err := t.Blocking(func() error { <-release; return nil })
		fmt.Println("released:", err)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "releases", func(*sched.Task) error {
		fmt.Println("the loop is free")
		close(release)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// the loop is free
	// released: <nil>
	// <nil>
}

// A task reads a file, which may block, without holding its loop.
func ExampleBlocking() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{MaxBlocking: 1})
	err = loop.Go(context.Background(), "reads a file", func(t *sched.Task) error {
		text, err := sched.Blocking(t, func() ([]byte, error) { return os.ReadFile("go.mod") })
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		fmt.Println(line)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// module github.com/edgewise-go/edgewise/sched
	// <nil>
}
