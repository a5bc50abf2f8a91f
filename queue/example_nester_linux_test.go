package queue_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// A queue waits for another queue as for any handle. A program that has a loop of its own waits for
// the Handle there.
func ExampleNester() {
	outer, err := poll.New(poll.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer outer.Close()
	inner, err := epoll.New(epoll.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer inner.Close()
	var nested queue.Nester = inner
	err = outer.Add(nested.Handle(), queue.Registration{Token: 7, Interest: queue.Readable})
	if err := errors.Join(err, inner.Wake()); err != nil {
		log.Fatal(err)
	}
	events := make([]queue.Event, 8)
	n, err := outer.Wait(events, -1)
	fmt.Println(n, events[0].Token, err)
	n, err = inner.Wait(events, 0) // takes the Wake
	fmt.Println(n, err)
	n, err = outer.Wait(events, 0)
	fmt.Println(n, err)
	// Output:
	// 1 7 <nil>
	// 0 <nil>
	// 0 <nil>
}
