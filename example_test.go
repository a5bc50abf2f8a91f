package edgewise_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// open starts a stack for an example.
func open(options ...edgewise.Options) *edgewise.Stack {
	stack, err := edgewise.Open(append(options, edgewise.Options{})[0])
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

// serve serves connections in tasks and returns the address.
func serve(stack *edgewise.Stack, handle func(*edgewise.Task, *edgewise.Conn) error) string {
	l := listen(stack)
	go stack.Serve(context.Background(), l, handle)
	return l.Addr().String()
}

func echo(_ *edgewise.Task, c *edgewise.Conn) error {
	_, err := io.Copy(c, c)
	return err
}

// say sends text over a new connection and prints the answer.
func say(dial func(network, address string) (net.Conn, error), address, text string) {
	fmt.Println(text, exchange(dial, address, text))
}

// exchange sends text over a new connection and expects it back.
func exchange(dial func(network, address string) (net.Conn, error), address, text string) error {
	c, err := dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	answer := make([]byte, len(text))
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if string(answer) != text {
		return fmt.Errorf("got %q, want %q", answer, text)
	}
	return nil
}

// file returns the path of a file with that text.
func file(text string) string {
	f, err := os.CreateTemp("", "hosts")
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		log.Fatal(err)
	}
	return f.Name()
}

// port returns the port in an address.
func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

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

// An https client that resolves names by the stack's resolver, here with a hosts file of its own.
func Example_https() {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello, ", r.Host[:11]) }))
	defer server.Close()
	hosts := file("127.0.0.1 example.com\n")
	defer os.Remove(hosts)
	stack := open(edgewise.Options{HostsPath: hosts})
	defer stack.Shutdown(context.Background())
	client := server.Client() // trusts the certificate of the server, which is for example.com
	client.Transport.(*http.Transport).DialContext = stack.DialContext
	resp, err := client.Get("https://example.com:" + port(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, resp.Body)
	// Output: hello, example.com
}

// A TCP proxy. Bytes move between the sockets inside the kernel where the system can do that.
func Example_proxy() {
	stack := open()
	defer stack.Shutdown(context.Background())
	server := serve(stack, echo)
	proxy := serve(stack, func(t *edgewise.Task, c *edgewise.Conn) error {
		up, err := stack.DialContext(t.Context(), "tcp", server)
		if err != nil {
			return err
		}
		defer up.Close()
		go func() { io.Copy(up, c); up.(*edgewise.Conn).CloseWrite() }()
		_, err = io.Copy(c, up)
		return err
	})
	say(stack.Dial, proxy, "through")
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
	server := serve(stack, echo)
	fmt.Println(stack.Call(context.Background(), "fan out", func(t *edgewise.Task) error {
		dials := sched.NewSemaphore(50)
		for range 50 {
			dials.TryAcquire(1)
			t.Go(t.Context(), "dial", func(t *edgewise.Task) error {
				defer dials.Release(1)
				return exchange(stack.Dial, server, "hello")
			})
		}
		return dials.Acquire(t, 50)
	}))
	// Output: <nil>
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
