package adapter_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
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
	out := adapter.WaitWriter{Buffer: buf, Writer: adapter.FromWriter(&peer)}
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

// socket is a TryWriter whose peer reads only now and then.
type socket struct{ room int }

// TryWritev takes as many bytes as there is room for, of the first segment.
func (s *socket) TryWritev(segs [][]byte) (int, error) {
	if s.room == 0 {
		return 0, adapter.ErrFull // has the method WouldBlock
	}
	n := min(s.room, len(segs[0]))
	s.room -= n
	return n, nil
}

// If the socket would block, Wait suspends the task that writes. Here Wait makes room in the
// socket instead.
func ExampleWaitWriter_wait() {
	buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	conn, waits := &socket{room: 5}, 0
	out := adapter.WaitWriter{Buffer: buf, Writer: conn, Wait: func() error {
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
