package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// The unread bytes of a Ring wrap around the end of its array. Segments returns both parts for a
// vectored write; only a View copies.
func ExampleRing() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{Limit: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	w := adapter.Writer{Buffer: buf}
	if _, err := w.WriteString("abcdef"); err != nil {
		log.Fatal(err)
	}
	buf.Discard(4)
	if _, err := w.WriteString("ghij"); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, copied %d\n", buf.Segments(), buf.Stats().Copied)
	view, err := buf.View(6)
	fmt.Printf("%q %v, copied %d\n", view, err, buf.Stats().Copied)
	// Output:
	// ["efgh" "ij"], copied 0
	// "efghij" <nil>, copied 6
}
