package message_test

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A handler on a loop takes the complete lines, and leaves the rest until more bytes arrive.
func ExampleLines() {
	buf, err := bufstrategy.ByName("chain", bufstrategy.Options{Limit: 4 << 10})
	if err != nil {
		panic(err)
	}
	lines := message.Lines{Max: 12}
	for _, arrived := range []string{"SET a 1\r\nGE", "T a\r", "\nSET b ", "a value that is too long"} {
		_, _ = adapter.Writer{Buffer: buf}.WriteString(arrived) // Fill, from a socket
		for {
			line, size, err := lines.Next(buf)
			if errors.Is(err, bufstrategy.ErrShort) {
				break // wait for readiness
			}
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("%s\n", line)
			buf.Discard(size)
		}
	}
	// Output:
	// SET a 1
	// GET a
	// bufstrategy: more bytes asked for than the limit
}

// A program forwards a message in its segments, without making it contiguous.
func ExampleFrames_Find() {
	buf, err := bufstrategy.ByName("ring", bufstrategy.Options{Limit: 16})
	if err != nil {
		panic(err)
	}
	w := adapter.Writer{Buffer: buf}
	_, _ = w.WriteString("ten bytes.")
	buf.Discard(9)
	_, _ = w.WriteString("\x00\x07message") // around the end of the ring
	buf.Discard(1)

	frames := message.Frames{Width: 2, Max: 1 << 10}
	span, err := frames.Find(buf)
	fmt.Println(span, err)
	fmt.Printf("%q\n", span.AppendSegments(nil, buf))
	buf.Discard(span.Size)
	_, err = frames.Find(buf)
	fmt.Println(err)
	// Output:
	// {2 9 9} <nil>
	// ["mess" "age"]
	// bufstrategy: fewer bytes unread than asked for
}
