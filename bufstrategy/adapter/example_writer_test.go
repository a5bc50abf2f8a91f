package adapter_test

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// An encoder writes into a buffer and never waits. The bytes leave together at a Flush.
func ExampleWriter() {
	buf, err := bufstrategy.NewChain(bufstrategy.Options{Limit: 4 << 10})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	answers := json.NewEncoder(adapter.Writer{Buffer: buf})
	for i := range 3 {
		if err := answers.Encode(map[string]int{"answer": i}); err != nil {
			log.Fatal(err) // ErrFull: the peer does not read
		}
	}
	fmt.Println(buf.Len(), "bytes")
	outcome, _, err := bufstrategy.Flush(buf, adapter.FromWriter(os.Stdout), 0)
	fmt.Println(outcome, err)
	// Output:
	// 39 bytes
	// {"answer":0}
	// {"answer":1}
	// {"answer":2}
	// emptied <nil>
}
