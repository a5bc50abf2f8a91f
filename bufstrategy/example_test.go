package bufstrategy_test

import (
	"fmt"
	"net"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A line parser on a plain net.Conn. On an event loop, the TryReader is a socket that never blocks,
// and the loop waits after Drained.
func Example() {
	client, server := net.Pipe()
	go func() {
		_, _ = client.Write([]byte("GET one\nGET two\nGE"))
		_, _ = client.Write([]byte("T three\n"))
		_ = client.Close()
	}()

	buf, err := bufstrategy.ByName("ring", bufstrategy.Options{Limit: 8 << 10})
	if err != nil {
		panic(err)
	}
	src := adapter.FromReader(server)
	for {
		outcome, _, err := bufstrategy.Fill(buf, src, 0)
		for end := message.Index(buf, '\n'); end >= 0; end = message.Index(buf, '\n') {
			line, _ := buf.View(end)
			fmt.Printf("%s\n", line)
			buf.Discard(end + 1)
		}
		switch outcome {
		case bufstrategy.EOF:
			buf.Release()
			return
		case bufstrategy.Failed:
			fmt.Println(err)
			return
		case bufstrategy.Full:
			if buf.Len() == buf.Limit() {
				fmt.Println("a line is longer than the buffer")
				return
			}
		}
	}
	// Output:
	// GET one
	// GET two
	// GET three
}
