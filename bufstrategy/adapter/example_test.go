package adapter_test

import (
	"bufio"
	"fmt"
	"net"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// A goroutine answers lines through two buffers. On an event loop, Reader and Writer are a socket
// that never blocks, and Wait suspends the task.
func Example() {
	client, server := net.Pipe()
	go func() {
		inBuf, _ := bufstrategy.NewRing(bufstrategy.Options{Limit: 4 << 10})
		outBuf, _ := bufstrategy.NewRing(bufstrategy.Options{Limit: 4 << 10})
		in := adapter.WaitReader{Buffer: inBuf, Reader: adapter.FromReader(server)}
		out := adapter.WaitWriter{Buffer: outBuf, Writer: adapter.FromWriter(server)}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(&out, "you said %s", line)
			_ = out.Flush()
		}
	}()
	_, _ = fmt.Fprintln(client, "hello")
	answer, err := bufio.NewReader(client).ReadString('\n')
	fmt.Printf("%q %v\n", answer, err)
	_ = client.Close()
	// Output: "you said hello\n" <nil>
}
