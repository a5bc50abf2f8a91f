package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// The buffers of a loop share a Predictor. A fresh connection starts with the size that it has
// learned from the reads of an earlier one.
func ExampleAdaptive() {
	var predictor bufstrategy.Predictor
	options := bufstrategy.Options{Initial: 1 << 10, Limit: 64 << 10, Predictor: &predictor}
	for range 2 { // connections, one after another
		buf, err := bufstrategy.NewAdaptive(options)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("starts with", buf.Next())
		w := adapter.Writer{Buffer: buf}
		for range 3 {
			if _, err := w.Write(make([]byte, 3000)); err != nil { // Fill, from a socket
				log.Fatal(err)
			}
			buf.Discard(buf.Len())
		}
		fmt.Println("expects", buf.Next())
		buf.Release()
	}
	// Output:
	// starts with 1024
	// expects 4096
	// starts with 4096
	// expects 4096
}
