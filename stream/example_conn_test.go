package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// AcceptSocket returns a socket that belongs to no waiter yet. NewConn registers it with the waiter
// of the caller's choice, such as that of another loop.
func ExampleNewConn() {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	client, err := dialer.Connect(context.Background(), listener.AddrPort())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	socket, peer, err := listener.AcceptSocket()
	if err != nil {
		log.Fatal(err)
	}
	conn, err := stream.NewConn(socket, park.Waiter{})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddrPort() == peer, peer == client.LocalAddrPort())
	// Output: true true
}

// ReadFrom sends a file. On Linux its bytes do not pass through the process.
func ExampleConn_ReadFrom() {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.AcceptOn(park.Waiter{})
		if err != nil {
			return
		}
		defer conn.Close()
		if file, err := os.Open("go.mod"); err == nil {
			defer file.Close()
			conn.ReadFrom(file) // the client sees an error as an early end
		}
	}()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	conn, err := dialer.Connect(context.Background(), listener.AddrPort())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	lines.Scan()
	fmt.Println(lines.Text(), lines.Err())
	// Output: module github.com/edgewise-go/edgewise/stream <nil>
}
