package bufstrategy_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// Bytes that wrap around the end of a Mirrored are contiguous in the address space. Where the
// system cannot map memory twice, the buffer is a Ring and Fallback returns the reason.
func ExampleMirrored() {
	buf, err := bufstrategy.NewMirrored(bufstrategy.Options{Limit: 64 << 10})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	w := adapter.Writer{Buffer: buf}
	if _, err := w.Write(bytes.Repeat([]byte("."), buf.Limit()-2)); err != nil {
		log.Fatal(err)
	}
	buf.Discard(buf.Len())
	if _, err := w.WriteString("hello"); err != nil { // begins two bytes before the end
		log.Fatal(err)
	}
	if reason := buf.Fallback(); reason != nil {
		log.Print(reason)
	}
	view, err := buf.View(5)
	fmt.Printf("%s %v\n", view, err)
	// Output: hello <nil>
}
