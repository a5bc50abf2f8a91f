package bufstrategy_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// A WaitWriter collects small writes and passes them on together, when its Buffer is full or at a
// Flush.
func ExampleWaitWriter() {
	buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 16})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	var peer strings.Builder
	out := bufstrategy.WaitWriter{Buffer: buf, Writer: bufstrategy.FromWriter(&peer)}
	for i := range 3 {
		if _, err := fmt.Fprintf(&out, "line %d\n", i); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q, %d buffered\n", peer.String(), out.Buffered())
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, %d buffered\n", peer.String(), out.Buffered())
	// Output:
	// "", 7 buffered
	// "", 14 buffered
	// "line 0\nline 1\nli", 5 buffered
	// "line 0\nline 1\nline 2\n", 0 buffered
}

// If the socket would block, Wait suspends the task that writes. Here Wait makes room in the
// socket instead.
func ExampleWaitWriter_wait() {
	buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	conn, waits := &window{room: 5}, 0
	out := bufstrategy.WaitWriter{Buffer: buf, Writer: conn, Wait: func() error {
		waits++
		conn.room = 5
		return nil
	}}
	if _, err := out.WriteString("hello, world"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Flush(), "after", waits, "waits")
	// Output: <nil> after 2 waits
}
