//go:build unix

package stream_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// A unix-domain listener serves clients on the same machine under a path. Close removes the path.
func ExampleListenUnix() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	listener, err := stream.ListenUnix(park.Waiter{}, path, stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	conn, err := dialer.ConnectUnix(context.Background(), path)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr().String() == path)
	listener.Close()
	_, err = os.Stat(path)
	fmt.Println(os.IsNotExist(err))
	// Output:
	// true
	// true
}

// Each write to a unix-domain datagram socket is one read. A client without a name can send, but
// gets no answers.
func ExampleListenUnixgram() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	server, err := stream.ListenUnixgram(park.Waiter{}, path, stream.PacketOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	client, err := dialer.ConnectUnixgram(context.Background(), path)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	p := make([]byte, 64)
	n, from, err := server.ReadFrom(p)
	fmt.Println(string(p[:n]), from, err)
	// Output: hello <nil> <nil>
}

// AdoptDuplicate takes a duplicate of a handle that another package opened, here one end of a pipe.
// The caller closes the file separately.
func ExampleAdoptDuplicate() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	socket, err := stream.AdoptDuplicate(r)
	if err != nil {
		log.Fatal(err)
	}
	r.Close()
	conn, err := stream.NewConn(socket, park.Waiter{})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(w, "hello"); err != nil {
		log.Fatal(err)
	}
	p := make([]byte, 64)
	n, err := conn.Read(p)
	fmt.Println(string(p[:n]), err)
	// Output: hello <nil>
}
