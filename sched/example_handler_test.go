//go:build unix

package sched_test

import (
	"context"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// A printer is a Handler: a task without a stack that keeps its state in its fields.
type printer struct {
	handle sys.Handle
	buffer [64]byte
}

// Step reads until nothing is there, then waits for more.
func (p *printer) Step(sched.HandlerTask, sched.Cause) sched.Next {
	for {
		n, err := sys.Recv(p.handle, p.buffer[:])
		if err == sys.ErrWouldBlock {
			return sched.WaitFor(queue.Readable)
		}
		if err != nil || n == 0 {
			return sched.Done(err)
		}
		fmt.Printf("got %q\n", p.buffer[:n])
	}
}

// End is the last call: nothing else uses the handle.
func (p *printer) End(err error) {
	fmt.Println("ended:", err)
	sys.Close(p.handle)
}

func ExampleHandler() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{})
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	err = loop.Go(context.Background(), "starts the handler", func(*sched.Task) error {
		defer loop.Drain() // Run returns when the handler has ended
		defer sys.Close(b)
		if _, err := loop.StartHandler(a, &printer{handle: a}); err != nil {
			return err
		}
		_, err := sys.Send(b, []byte("hello"))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// got "hello"
	// ended: <nil>
	// <nil>
}
