package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// At the bound a Fixed has no room until its consumer discards bytes.
func ExampleFixed() {
	buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	w := adapter.Writer{Buffer: buf}
	n, err := w.WriteString("hello, world")
	fmt.Println(n, err)
	buf.Discard(5)
	n, err = w.WriteString("orld")
	fmt.Println(n, err)
	view, err := buf.View(buf.Len())
	fmt.Printf("%q %v\n", view, err)
	// Output:
	// 8 adapter: buffer full
	// 4 <nil>
	// ", world" <nil>
}
