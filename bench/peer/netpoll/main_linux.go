//go:build amd64 || arm64

// Command netpoll is an echo server on github.com/cloudwego/netpoll with one poller, for bench
// echo and compare. It listens on a free port of 127.0.0.1 and prints the address.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cloudwego/netpoll"

	"github.com/edgewise-go/edgewise/bench/internal/peerflag"
)

func main() {
	if err := serve(peerflag.Parse()); err != nil {
		fmt.Fprintln(os.Stderr, "netpoll:", err)
		os.Exit(1)
	}
}

func serve(sink bool) error {
	if err := netpoll.Configure(netpoll.Config{PollerNum: 1}); err != nil {
		return err
	}
	listener, err := netpoll.CreateListener("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handle := echo
	if sink {
		handle = discard
	}
	loop, err := netpoll.NewEventLoop(handle)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %v\n", listener.Addr())
	return loop.Serve(listener)
}

// echo sends back what has arrived, without copying more than netpoll does. Flush blocks the
// goroutine of the connection until the socket has taken everything.
func echo(_ context.Context, conn netpoll.Connection) error {
	reader, writer := conn.Reader(), conn.Writer()
	message, err := reader.Next(reader.Len())
	if err != nil {
		return err
	}
	if _, err := writer.WriteBinary(message); err != nil {
		return err
	}
	return errors.Join(writer.Flush(), reader.Release())
}

// discard releases what has arrived.
func discard(_ context.Context, conn netpoll.Connection) error {
	reader := conn.Reader()
	if err := reader.Skip(reader.Len()); err != nil {
		return err
	}
	return reader.Release()
}
