package tlsconn_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
)

// A client asks an HTTPS server over a WriteQueue. One task could read from the connection while
// another writes.
func ExampleClient() {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello")
	}))
	defer server.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	below, err := dialer.Connect(context.Background(), netip.MustParseAddrPort(server.Listener.Addr().String()))
	if err != nil {
		log.Fatal(err)
	}
	config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com" // a name in the server's certificate
	conn, err := tlsconn.Client(stream.NewWriteQueue(below, stream.WriteQueueOptions{}), config)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n") // the first write runs the handshake
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(body), err)
	// Output: 200 OK hello <nil>
}
