package auto_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// New prefers the named mechanism. It passes that mechanism over if the system does not let the
// process use it.
func ExampleNew() {
	q, passed, err := auto.New("iouring")
	if err != nil {
		log.Fatal(err) // the reason of each mechanism
	}
	defer q.Close()
	for _, p := range passed {
		log.Printf("not %s: %v", p.Name, p.Reason)
	}
	if err := q.Wake(); err != nil {
		log.Fatal(err)
	}
	n, err := q.Wait(make([]queue.Event, 8), -1)
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// A setting of a program can name the mechanism and its waker. An unknown name is an invalid
// argument.
func ExampleByName() {
	q, err := auto.ByName("poll:pipe")
	if errors.Is(err, errors.ErrUnsupported) {
		q, err = auto.ByName(auto.Auto) // Windows has no poll(2)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(q.Close())
	_, err = auto.ByName("select")
	fmt.Println(errors.Is(err, queue.ErrInvalid))
	// Output:
	// <nil>
	// true
}
