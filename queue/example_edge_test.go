//go:build unix

package queue_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

// In mode Edge the caller reads until would-block and calls WouldBlock. The next arrival is then an
// event of its own, on every mechanism.
func ExampleQueue_edge() {
	q, _, err := auto.New()
	a, b, pairErr := sys.SocketPair()
	if err := errors.Join(err, pairErr); err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	defer sys.Close(a)
	defer sys.Close(b)
	if err := q.Add(a, queue.Registration{Interest: queue.Readable, Mode: queue.Edge}); err != nil {
		log.Fatal(err)
	}
	events, p := make([]queue.Event, 8), make([]byte, 4)
	for range 2 {
		if _, err := sys.Send(b, []byte("hello")); err != nil {
			log.Fatal(err)
		}
		n, err := q.Wait(events, -1)
		fmt.Println(n, err)
		for err == nil {
			_, err = sys.Recv(a, p)
		}
		fmt.Println(err == sys.ErrWouldBlock, q.WouldBlock(a, queue.Readable))
	}
	// Output:
	// 1 <nil>
	// true <nil>
	// 1 <nil>
	// true <nil>
}
