package stream_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// A ListenConfig takes addresses as net.Listen does. Only a host name needs Resolve, which is a
// table here.
func ExampleListenConfig() {
	config := stream.ListenConfig{
		Waiter: park.Waiter{},
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
		},
	}
	for _, address := range []string{"127.0.0.1:", "host.test:0"} {
		listener, err := config.Listen(context.Background(), "tcp4", address)
		if err != nil {
			log.Fatal(err)
		}
		defer listener.Close()
		fmt.Println(listener.AddrPort().Addr(), listener.AddrPort().Port() != 0)
	}
	_, err := config.Listen(context.Background(), "tcp4", "[::1]:0")
	fmt.Println(err)
	// Output:
	// 127.0.0.1 true
	// 127.0.0.1 true
	// listen tcp4: address ::1: no suitable address found
}

// Control sets options that stream has no field for, before the socket is bound.
func ExampleListenOptions_control() {
	config := stream.ListenConfig{Waiter: park.Waiter{}}
	config.Options.Control = func(network, address string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = sys.SetReadBuffer(sys.Handle(fd), 1<<20) })
		if err == nil {
			err = failed
		}
		fmt.Println(network, address, err)
		return err
	}
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	// Output: tcp4 127.0.0.1:0 <nil>
}
