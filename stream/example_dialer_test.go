package stream_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// An http.Client opens its connections through a Dialer. A host name in the URL would need Resolve.
func ExampleDialer_DialContext() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello")
	}))
	defer server.Close()
	dialer := stream.Dialer{Waiter: park.Waiter{}}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	response, err := client.Get(server.URL) // http://127.0.0.1 and a port
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	// Output: hello <nil>
}

// With Resolve, a Dialer also accepts host names. Here Resolve is a table.
func ExampleDialer_resolve() {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	hosts := map[string][]netip.Addr{"printer.test": {listener.AddrPort().Addr()}}
	dialer := stream.Dialer{
		Waiter:  park.Waiter{},
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) { return hosts[host], nil },
	}
	address := fmt.Sprintf("printer.test:%d", listener.AddrPort().Port())
	conn, err := dialer.DialContext(context.Background(), "tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr().String() == listener.Addr().String())
	// Output: true
}
