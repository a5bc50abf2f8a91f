package conformance_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// A task reads requests through the one array that all connections of its loop share. Wait suspends
// the task, and the buffer of a waiting connection holds no memory.
func Example_requests() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Mode: queue.Edge})
	listener, err := stream.Listen(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := memory.NewPool(1<<20, 1<<16)
	if err != nil {
		log.Fatal(err)
	}
	scratch, err := bufstrategy.NewScratch(16<<10, pool)
	if err != nil {
		log.Fatal(err)
	}
	loop.Go(context.Background(), "server", func(*sched.Task) error {
		conn, err := listener.AcceptOn(loop.Waiter())
		if err != nil {
			return err
		}
		defer conn.Close()
		return serve(conn, scratch)
	})
	loop.Go(context.Background(), "client", func(t *sched.Task) error {
		defer listener.Close()
		dialer := stream.Dialer{Waiter: loop.Waiter()}
		conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"+
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsecond"); err != nil {
			return err
		}
		answers := bufio.NewReader(conn)
		for range 2 {
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				return err
			}
			body, err := io.ReadAll(answer.Body)
			fmt.Printf("%s: %s %v\n", answer.Status, body, err)
		}
		return nil
	})
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// 200 OK: first <nil>
	// 200 OK: second <nil>
	// <nil>
}

// serve answers each request with the body of the request until the client disconnects.
func serve(conn *stream.Conn, scratch *bufstrategy.Scratch) error {
	bufIn, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
	if err != nil {
		return err
	}
	defer bufIn.Release()
	bufOut, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
	if err != nil {
		return err
	}
	defer bufOut.Release()
	in := bufio.NewReaderSize(&adapter.WaitReader{Buffer: bufIn, Reader: conn, Wait: conn.WaitRead}, 1<<10)
	out := &adapter.WaitWriter{Buffer: bufOut, Writer: conn, Wait: conn.WaitWrite}
	for {
		req, err := http.ReadRequest(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		answer := http.Response{
			StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, ContentLength: req.ContentLength, Body: req.Body,
		}
		if err := answer.Write(out); err != nil {
			return err
		}
		if in.Buffered() > 0 {
			continue // one write for the answers to all requests that arrived together
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}
