package edgewise_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// open starts a stack for an example.
func open() *edgewise.Stack {
	stack, err := edgewise.Open(edgewise.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return stack
}

// listen listens on a free port for an example.
func listen(stack *edgewise.Stack) *edgewise.Listener {
	l, err := stack.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l
}

// say sends text over a new connection and prints the answer.
func say(dial func(network, address string) (net.Conn, error), address, text string) {
	c, err := dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, len(text))
	_, err = io.WriteString(c, text)
	if err == nil {
		_, err = io.ReadFull(c, answer)
	}
	fmt.Println(string(answer), err)
}

// An echo server. Each connection is a task: it keeps about 3 KiB while it waits, and no goroutine.
func ExampleStack_Serve() {
	stack, err := edgewise.Open(edgewise.Options{})
	if err != nil {
		log.Fatal(err)
	}
	l, err := stack.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	go stack.Serve(context.Background(), l, func(t *edgewise.Task, c *edgewise.Conn) error {
		_, err := io.Copy(c, c)
		return err
	})
	say(stack.Dial, l.Addr().String(), "hello")
	fmt.Println(stack.Shutdown(context.Background()))
	// Output:
	// hello <nil>
	// <nil>
}

// A server of net/http. Its goroutines are suspended by the stack's poller.
func Example_http() {
	stack := open()
	defer stack.Shutdown(context.Background())
	l := listen(stack)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello from ", r.URL.Path)
	}))
	resp, err := http.Get("http://" + l.Addr().String() + "/here")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output: hello from /here <nil>
}

// An https client that resolves names by the stack's resolver and races their addresses.
func Example_https() {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	stack := open()
	defer stack.Shutdown(context.Background())
	transport := server.Client().Transport.(*http.Transport) // trusts the server
	transport.DialContext = stack.DialContext
	client := &http.Client{Transport: transport}
	resp, err := client.Get(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	if err != nil {
		fmt.Println(err) // the certificate is for example.com
		return
	}
	fmt.Println(resp.Status, resp.Body.Close())
}

// A TCP proxy. Bytes move between the sockets inside the kernel where the system can do that.
func Example_proxy() {
	stack := open()
	defer stack.Shutdown(context.Background())
	echo, proxy := listen(stack), listen(stack)
	go stack.Serve(context.Background(), echo, func(t *edgewise.Task, c *edgewise.Conn) error {
		_, err := io.Copy(c, c)
		return err
	})
	go stack.Serve(context.Background(), proxy, func(t *edgewise.Task, c *edgewise.Conn) error {
		up, err := stack.DialContext(t.Context(), "tcp", echo.Addr().String())
		if err != nil {
			return err
		}
		defer up.Close()
		go func() { io.Copy(up, c); up.(*edgewise.Conn).CloseWrite() }()
		_, err = io.Copy(c, up)
		return err
	})
	say(stack.Dial, proxy.Addr().String(), "through")
	// Output: through <nil>
}

// idle is a connection that waits for its end. It keeps 48 bytes besides these fields.
type idle struct {
	sock edgewise.Socket
	open *atomic.Int64
}

func (c *idle) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	if n, err := c.sock.TryRead(make([]byte, 1)); cause == sched.Draining || n == 0 && err == io.EOF {
		return sched.Done(nil)
	}
	return sched.WaitFor(queue.Readable)
}

func (c *idle) End(error) {
	c.open.Add(-1)
	c.sock.Close()
}

// Idle connections, of which a process can hold as many as it has descriptors.
func ExampleStack_ServeHandlers() {
	stack := open()
	l := listen(stack)
	var open atomic.Int64
	go stack.ServeHandlers(context.Background(), l, func(_ *sched.Loop, s edgewise.Socket) (edgewise.Handler, error) {
		open.Add(1)
		return &idle{s, &open}, nil
	})
	const connections = 100
	for range connections {
		if _, err := stack.Dial("tcp", l.Addr().String()); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(stack.Shutdown(context.Background()), open.Load())
	// Output: <nil> 0
}

// A task that dials 50 times at once: it starts a task per dial and waits for all of them.
func Example_fanOut() {
	stack := open()
	defer stack.Shutdown(context.Background())
	l := listen(stack)
	go stack.Serve(context.Background(), l, func(*edgewise.Task, *edgewise.Conn) error { return nil })
	var dialed atomic.Int64
	err := stack.Call(context.Background(), "fan out", func(t *edgewise.Task) error {
		all := sched.NewSemaphore(50)
		for range 50 {
			all.TryAcquire(1)
			t.Go(t.Context(), "dial", func(t *edgewise.Task) error {
				defer all.Release(1)
				c, err := stack.DialContext(t.Context(), "tcp", l.Addr().String())
				if err == nil {
					dialed.Add(1)
					c.Close()
				}
				return err
			})
		}
		return all.Acquire(t, 50)
	})
	fmt.Println(dialed.Load(), err)
	// Output: 50 <nil>
}

// Goroutines only: the connections are used like those of package net.
func Example_goroutines() {
	stack := open()
	defer stack.Shutdown(context.Background())
	l := listen(stack)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}()
	say(stack.Dial, l.Addr().String(), "hello")
	// Output: hello <nil>
}
