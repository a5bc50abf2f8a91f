package conformance_test

import (
	"context"
	"io"
	"log"
	"net/netip"
	"os"
	"os/signal"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// An echo server on one event loop, as a whole program. A connection is a task of the loop.
func Example_server() {
	q, _, err := auto.New() // epoll, kqueue or IOCP
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Mode: queue.Edge})
	listener, err := stream.Listen(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:7777"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	loop.Go(context.Background(), "accept", func(t *sched.Task) error {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return err
			}
			t.Go(context.Background(), "echo", func(*sched.Task) error {
				defer conn.Close()
				_, err := io.Copy(conn, conn)
				return err
			})
		}
	})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Print(loop.Run(ctx))
}
