package bufstrategy_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// window is a TryWriter like a socket whose peer reads only now and then.
type window struct{ room int }

// TryWritev takes as many bytes as there is room for, of the first segment.
func (w *window) TryWritev(segs [][]byte) (int, error) {
	if w.room == 0 {
		return 0, adapter.ErrFull // has the method WouldBlock
	}
	n := min(w.room, len(segs[0]))
	w.room -= n
	return n, nil
}

// Flush reports whether the socket would block. The rest stays in the buffer until the socket is
// writable.
func ExampleFlush() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{Limit: 16})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	if _, err := (adapter.Writer{Buffer: buf}).WriteString("hello, world"); err != nil {
		log.Fatal(err)
	}
	conn := &window{room: 8}
	for range 2 {
		outcome, n, err := bufstrategy.Flush(buf, conn, 0)
		fmt.Println(outcome, n, buf.Len(), err)
		conn.room = 8 // an event reports the socket as writable
	}
	// Output:
	// blocked 8 4 <nil>
	// emptied 4 0 <nil>
}
