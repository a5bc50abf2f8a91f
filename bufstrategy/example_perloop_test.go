package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// The connections of a loop read into one Scratch. A connection owns memory only while a part of a
// message is left over.
func ExamplePerLoop() {
	pool, err := memory.NewPool(1<<20, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	scratch, err := bufstrategy.NewScratch(16<<10, pool)
	if err != nil {
		log.Fatal(err)
	}
	for _, arrived := range []string{"one\n", "two\nthr", "four\n"} {
		buf, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
		if err != nil {
			log.Fatal(err)
		}
		defer buf.Release()
		if _, err := (adapter.Writer{Buffer: buf}).WriteString(arrived); err != nil { // Fill, from a socket
			log.Fatal(err)
		}
		buf.Discard(message.Index(buf, '\n') + 1)
		fmt.Println(buf.Len(), "left over,", pool.Stats().Lent, "bytes of the pool in use")
	}
	// Output:
	// 0 left over, 0 bytes of the pool in use
	// 3 left over, 0 bytes of the pool in use
	// 0 left over, 256 bytes of the pool in use
}

// Before a loop sleeps, Trim moves the bytes in the array to their connection.
func ExampleScratch_Trim() {
	pool, err := memory.NewPool(1<<20, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	scratch, err := bufstrategy.NewScratch(16<<10, pool)
	if err != nil {
		log.Fatal(err)
	}
	buf, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	if _, err := (adapter.Writer{Buffer: buf}).WriteString("half a line"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(buf.Stats().Resident)
	fmt.Println(scratch.Trim(), buf.Stats().Resident)
	// Output:
	// 16384
	// <nil> 256
}
