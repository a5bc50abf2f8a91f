package message_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A frame starts with its length. A length that exceeds Max is refused before the frame arrives.
func ExampleFrames() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{Limit: 1 << 10})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	frames := message.Frames{Width: 2, Max: 64}
	for _, arrived := range []string{"\x00\x05he", "llo\x00\x05worl", "d\xff\xff"} {
		if _, err := (adapter.Writer{Buffer: buf}).WriteString(arrived); err != nil { // Fill, from a socket
			log.Fatal(err)
		}
		message, size, err := frames.Next(buf)
		for ; err == nil; message, size, err = frames.Next(buf) {
			fmt.Printf("%s\n", message)
			buf.Discard(size)
		}
		if !errors.Is(err, bufstrategy.ErrShort) {
			fmt.Println(err)
		}
	}
	// Output:
	// hello
	// world
	// bufstrategy: more bytes asked for than the limit
}
