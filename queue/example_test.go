//go:build unix

package queue_test

import (
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

func Example() {
	q, passed, err := auto.New()
	if err != nil {
		log.Fatal(err) // why each mechanism does not work
	}
	defer q.Close()
	for _, p := range passed {
		log.Printf("not %s: %v", p.Name, p.Reason)
	}
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	if err := q.Add(a, queue.Registration{Token: 7, Interest: queue.Readable, Mode: queue.Edge}); err != nil {
		log.Fatal(err)
	}
	if _, err := sys.Send(b, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	events := make([]queue.Event, 64)
	n, err := q.Wait(events, time.Second)
	fmt.Println(n, events[0].Token, events[0].Ready.Directions(), err)
	// Output: 1 7 readable <nil>
}
