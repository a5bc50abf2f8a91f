// Command nbio is an echo server on github.com/lesismal/nbio with one poller, for bench echo. It
// listens on a free port of 127.0.0.1 and prints the address.
package main

import (
	"fmt"
	"os"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"

	"github.com/edgewise-go/edgewise/bench/internal/peerflag"
)

func main() {
	sink := peerflag.Parse()
	logging.SetLevel(logging.LevelError)
	engine := nbio.NewEngine(nbio.Config{Network: "tcp4", Addrs: []string{"127.0.0.1:0"}, NPoller: 1})
	// nbio copies what the socket does not take, so the poller's buffer can be passed on.
	engine.OnData(func(c *nbio.Conn, message []byte) {
		if !sink {
			_, _ = c.Write(message)
		}
	})
	if err := engine.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "nbio:", err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", engine.Addrs[0])
	engine.Wait()
}
