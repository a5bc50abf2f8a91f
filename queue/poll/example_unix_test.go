//go:build unix

package poll_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// Every Unix has poll(2), which knows only level. The queue emulates the other modes, and Features
// reports it.
func ExampleNew() {
	q, err := poll.New(poll.Options{Waker: "pipe"})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	f := q.Features()
	fmt.Println(f.Mechanism, f.Waker, f.NativeEdge, f.NativeOneShot)
	if err := q.Wake(); err != nil {
		log.Fatal(err)
	}
	n, err := q.Wait(make([]queue.Event, 8), -1)
	fmt.Println(n, err)
	// Output:
	// poll pipe false false
	// 0 <nil>
}
