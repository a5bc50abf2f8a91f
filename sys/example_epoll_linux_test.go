package sys_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/sys"
)

// An event carries the data that EpollAdd attached to its handle.
func ExampleEpollWait() {
	ep, err := sys.EpollCreate()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ep)
	wake, err := sys.Eventfd()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(wake)
	if err := sys.EpollAdd(ep, wake, sys.EpollIn|sys.EpollEdge, 7); err != nil {
		log.Fatal(err)
	}
	if err := sys.EventfdSignal(wake); err != nil {
		log.Fatal(err)
	}
	events := make([]sys.EpollEvent, 8)
	n, err := sys.EpollWait(ep, events, 0)
	fmt.Println(n, sys.EpollData(&events[0]), err)
	// Output: 1 7 <nil>
}
