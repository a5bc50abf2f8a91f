package epoll_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/sys"
)

// In mode Level, the queue reports a handle in every Wait until its bytes have been read.
func ExampleNew() {
	q, err := epoll.New(epoll.Options{})
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
	for range 2 {
		n, err := q.Wait(events, -1)
		fmt.Println(n, events[0].Token, err)
	}
	if _, err := sys.Recv(a, make([]byte, 8)); err != nil {
		log.Fatal(err)
	}
	n, err := q.Wait(events, 0)
	fmt.Println(n, err)
	// Output:
	// 1 7 <nil>
	// 1 7 <nil>
	// 0 <nil>
}
