package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// Several writers can share a connection through a WriteQueue. Each write arrives whole, in the
// order in which the queue took it.
func ExampleWriteQueue() {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	conn, err := dialer.Connect(context.Background(), listener.AddrPort())
	if err != nil {
		log.Fatal(err)
	}
	queue := stream.NewWriteQueue(conn, stream.WriteQueueOptions{})
	defer queue.Close()
	err = errors.Join(queue.TryWrite([]byte("hello, ")), queue.TryWrite([]byte("world")), queue.CloseWrite())
	if err != nil {
		log.Fatal(err)
	}
	peer, err := listener.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer peer.Close()
	text, err := io.ReadAll(peer)
	fmt.Println(string(text), err)
	// Output: hello, world <nil>
}

// The peer does not read. TryWrite refuses once the kernel's buffers and the queue are full, and
// the writer decides what to drop.
func ExampleWriteQueue_TryWrite() {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	conn, err := dialer.Connect(context.Background(), listener.AddrPort())
	if err != nil {
		log.Fatal(err)
	}
	queue := stream.NewWriteQueue(conn, stream.WriteQueueOptions{High: 8 << 10})
	defer queue.Close()
	message := make([]byte, 4<<10)
	for err == nil {
		err = queue.TryWrite(message)
	}
	fmt.Println(err == sys.ErrWouldBlock, queue.Queued() <= queue.High())
	// Output: true true
}
