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

// In mode OneShot an event disarms its direction. Modify arms it again and checks readiness, so
// that bytes that are still unread are reported.
func ExampleQueue_oneShot() {
	q, _, err := auto.New()
	a, b, pairErr := sys.SocketPair()
	if err := errors.Join(err, pairErr); err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	defer sys.Close(a)
	defer sys.Close(b)
	once := queue.Registration{Token: 7, Interest: queue.Readable, Mode: queue.OneShot}
	_, err = sys.Send(b, []byte("hello"))
	if err := errors.Join(err, q.Add(a, once)); err != nil {
		log.Fatal(err)
	}
	events := make([]queue.Event, 8)
	n, err := q.Wait(events, -1)
	fmt.Println(n, events[0].Disarmed, err)
	n, err = q.Wait(events, 0)
	fmt.Println(n, err)
	if err := q.Modify(a, once); err != nil {
		log.Fatal(err)
	}
	n, err = q.Wait(events, -1)
	fmt.Println(n, events[0].Disarmed, err)
	// Output:
	// 1 readable <nil>
	// 0 <nil>
	// 1 readable <nil>
}
