package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// A Watcher stops the producer at the high watermark and starts it again at the low one.
func ExampleWatcherFunc() {
	buf, err := bufstrategy.NewChain(bufstrategy.Options{
		Limit: 1 << 10, High: 100, Low: 10,
		Watcher: bufstrategy.WatcherFunc(func(b bufstrategy.Buffer, paused bool) {
			fmt.Println("paused:", paused, "at", b.Len())
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	w := adapter.Writer{Buffer: buf}
	for range 3 {
		if _, err := w.Write(make([]byte, 60)); err != nil {
			log.Fatal(err)
		}
	}
	for buf.Len() > 0 {
		buf.Discard(20)
	}
	// Output:
	// paused: true at 120
	// paused: false at 0
}
