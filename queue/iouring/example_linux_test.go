package iouring_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/iouring"
	"github.com/edgewise-go/edgewise/sys"
)

// Many sandboxes refuse io_uring. The program then uses epoll, which obeys the same contract.
func ExampleNew() {
	var q queue.Queue
	q, err := iouring.New(iouring.Options{})
	if errors.Is(err, queue.ErrUnavailable) || errors.Is(err, errors.ErrUnsupported) {
		q, err = epoll.New(epoll.Options{})
	}
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
	fmt.Println(n, events[0].Token, err)
	// Output: 1 7 <nil>
}
