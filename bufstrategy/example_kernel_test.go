package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// ring is a mechanism that receives into buffers of its own.
type ring struct{}

// Return makes a buffer available to the mechanism again.
func (ring) Return(id uint32) { fmt.Println("buffer", id, "is back") }

// A Kernel takes filled segments from a mechanism without a copy. It returns each segment when the
// consumer has discarded its last byte.
func ExampleKernel() {
	buf, err := bufstrategy.NewKernel(bufstrategy.Options{Lender: ring{}})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	for id, p := range []string{"hello, ", "world"} {
		if !buf.Lend([]byte(p), uint32(id)) {
			log.Fatal("no room")
		}
	}
	fmt.Printf("%q, %d lent\n", buf.Segments(), buf.Lent())
	buf.Discard(8)
	fmt.Printf("%q, %d lent\n", buf.Segments(), buf.Lent())
	buf.Discard(4)
	// Output:
	// ["hello, " "world"], 2 lent
	// buffer 0 is back
	// ["orld"], 1 lent
	// buffer 1 is back
}
