package interop

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/edgewise-go/edgewise"
	"github.com/valyala/fasthttp"
)

// fasthttp serves each connection in a task: an idle one keeps no goroutine.
func Example_fasthttp() {
	stack, err := edgewise.Open(edgewise.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer stack.Shutdown(context.Background())
	l, err := stack.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.WriteString("hello") }}
	go stack.Serve(context.Background(), l, func(t *edgewise.Task, c *edgewise.Conn) error {
		return server.ServeConn(c)
	})
	get("http://" + l.Addr().String())
	// Output: hello <nil>
}

// get prints the body of a page.
func get(url string) {
	resp, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
}
