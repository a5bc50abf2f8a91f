package netpoll_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/netpoll"
)

// A program uses the runtime's poller where it can, and a thread elsewhere.
func ExampleNew() {
	below, err := epoll.New(epoll.Options{})
	if err != nil {
		log.Fatal(err)
	}
	q, err := netpoll.New(below)
	if errors.Is(err, errors.ErrUnsupported) {
		q = below
	} else if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	go q.Wake()
	n, err := q.Wait(make([]queue.Event, 8), -1) // parks this goroutine
	fmt.Println(n, err)
	// Output: 0 <nil>
}
