package stream_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

func ExamplePacketConn() {
	server, err := stream.ListenPacket(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	client, err := dialer.DialContext(context.Background(), "udp", server.LocalAddr().String())
	if err != nil {
		panic(err)
	}
	defer client.Close()
	for _, text := range []string{"each write", "is one datagram"} {
		if _, err := client.Write([]byte(text)); err != nil {
			panic(err)
		}
	}
	p := make([]byte, 64)
	for range 2 {
		n, from, err := server.ReadFromAddrPort(p)
		fmt.Printf("%s, %t, %v\n", p[:n], from.String() == client.LocalAddr().String(), err)
	}
	// Output:
	// each write, true, <nil>
	// is one datagram, true, <nil>
}

// One call sends a batch of datagrams, on Linux as one system call.
func ExamplePacketConn_WriteBatch() {
	server, err := stream.ListenPacket(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	client, err := dialer.ConnectUDP(context.Background(), server.LocalAddrPort())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	n, err := client.WriteBatch([]stream.Message{{Buffer: []byte("one")}, {Buffer: []byte("two")}})
	fmt.Println("sent:", n, err)
	p := make([]byte, 64)
	for range n {
		n, err := server.Read(p)
		fmt.Println(string(p[:n]), err)
	}
	// Output:
	// sent: 2 <nil>
	// one <nil>
	// two <nil>
}
