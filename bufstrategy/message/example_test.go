package message_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A handler reads what has arrived and answers every complete line. On an event loop, src is a
// socket that never blocks, and the loop waits after ErrShort.
func Example() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{Limit: 1 << 10})
	if err != nil {
		panic(err)
	}
	defer buf.Release()
	src := adapter.FromReader(strings.NewReader("GET one\r\nGET two\r\nGE"))
	if _, _, err := bufstrategy.Fill(buf, src, 0); err != nil {
		panic(err)
	}
	lines := message.Lines{Max: 80}
	for {
		line, size, err := lines.Next(buf)
		if errors.Is(err, bufstrategy.ErrShort) {
			fmt.Println("wait, with", buf.Len(), "bytes unread")
			return
		}
		if err != nil {
			panic(err) // ErrTooLarge: the line will never be complete
		}
		fmt.Printf("%s\n", line)
		buf.Discard(size)
	}
	// Output:
	// GET one
	// GET two
	// wait, with 2 bytes unread
}
