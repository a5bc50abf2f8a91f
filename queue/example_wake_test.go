package queue_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// Another goroutine makes a Wait return, for example after it has posted work to the loop. A Wake
// that comes before the Wait is not lost.
func ExampleQueue_wake() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	work, woken := make(chan string, 1), make(chan error, 1)
	go func() {
		work <- "work"
		woken <- q.Wake()
	}()
	n, err := q.Wait(make([]queue.Event, 8), -1)
	fmt.Println(n, err)
	fmt.Println(<-work, <-woken)
	// Output:
	// 0 <nil>
	// work <nil>
}
