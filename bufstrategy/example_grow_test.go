package bufstrategy_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// A Grow starts small, doubles for a burst, and gives the memory back when it is trimmed.
func ExampleGrow() {
	buf, err := bufstrategy.NewGrow(bufstrategy.Options{Initial: 1 << 10, Limit: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	w := adapter.Writer{Buffer: buf}
	for _, size := range []int{100, 6000} {
		if _, err := w.Write(bytes.Repeat([]byte("x"), size)); err != nil {
			log.Fatal(err)
		}
		fmt.Println(buf.Len(), "unread bytes in", buf.Stats().Resident)
	}
	buf.Discard(buf.Len())
	buf.Trim()
	fmt.Println(buf.Len(), "unread bytes in", buf.Stats().Resident)
	// Output:
	// 100 unread bytes in 1024
	// 6100 unread bytes in 8192
	// 0 unread bytes in 0
}
