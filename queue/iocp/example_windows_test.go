package iocp_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iocp"
	"github.com/edgewise-go/edgewise/sys"
)

// Windows reports readiness of sockets through its socket driver. Small writes of a socket pair
// arrive a little later, so the Wait blocks.
func ExampleNew() {
	q, err := iocp.New(iocp.Options{})
	a, b, pairErr := sys.SocketPair()
	if err := errors.Join(err, pairErr); err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	defer sys.Close(a)
	defer sys.Close(b)
	_, err = sys.Send(b, []byte("hello"))
	if err := errors.Join(err, q.Add(a, queue.Registration{Token: 7, Interest: queue.Readable})); err != nil {
		log.Fatal(err)
	}
	events := make([]queue.Event, 8)
	n, err := q.Wait(events, -1)
	fmt.Println(n, events[0].Token, events[0].Ready.Directions(), err)
	// Output: 1 7 readable <nil>
}
