//go:build unix

package stream_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// A Socket only tries. If nothing has arrived, TryRead returns sys.ErrWouldBlock at once, and the
// caller decides how to wait.
func ExampleSocket_TryRead() {
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(b)
	socket, err := stream.Adopt(a)
	if err != nil {
		log.Fatal(err)
	}
	defer socket.Close()
	p := make([]byte, 64)
	if _, err := socket.TryRead(p); err == sys.ErrWouldBlock {
		fmt.Println("nothing yet")
	}
	if _, err := sys.Send(b, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	n, err := socket.TryRead(p)
	fmt.Println(string(p[:n]), err)
	// Output:
	// nothing yet
	// hello <nil>
}

// A listening Socket needs no Listener. TryAccept returns sys.ErrWouldBlock if its queue is empty.
func ExampleSocket_TryAccept() {
	socket, err := stream.OpenTCP(sys.IPv4)
	if err != nil {
		log.Fatal(err)
	}
	defer socket.Close()
	err = errors.Join(socket.Bind(netip.MustParseAddrPort("127.0.0.1:0")), socket.Listen(16))
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = socket.TryAccept()
	fmt.Println(err == sys.ErrWouldBlock)
	// Output: true
}
