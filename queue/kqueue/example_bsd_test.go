//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/kqueue"
	"github.com/edgewise-go/edgewise/sys"
)

// Each direction of a registration is a filter of its own and comes in an event of its own. The
// caller adds them up.
func ExampleNew() {
	q, err := kqueue.New(kqueue.Options{})
	a, b, pairErr := sys.SocketPair()
	if err := errors.Join(err, pairErr); err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	defer sys.Close(a)
	defer sys.Close(b)
	_, err = sys.Send(b, []byte("hello"))
	if err := errors.Join(err, q.Add(a, queue.Registration{Interest: queue.Both})); err != nil {
		log.Fatal(err)
	}
	events, ready := make([]queue.Event, 8), queue.None
	for ready != queue.Both {
		n, err := q.Wait(events, -1)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range events[:n] {
			ready |= e.Ready.Directions()
		}
	}
	fmt.Println(ready)
	// Output: both
}
