package adapter_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// http.ReadRequest reads ahead into its bufio.Reader, which then holds the body and later requests.
// A connection therefore needs one bufio.Reader and reads everything through it. In a task,
// TryReader is the stream.Conn and Wait its WaitRead.
func ExampleWaitReader() {
	client, server := net.Pipe()
	go func() {
		_, _ = client.Write([]byte("POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /two HTTP/1.1\r\nHost: a\r\n\r\n"))
		_ = client.Close()
	}()
	buf, err := bufstrategy.ByName("ring", bufstrategy.Options{Limit: 16 << 10})
	if err != nil {
		panic(err)
	}
	defer buf.Release()
	requests := bufio.NewReader(&adapter.WaitReader{Buffer: buf, Reader: adapter.FromReader(server)})
	for {
		req, err := http.ReadRequest(requests)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(req.Body) // all of it, or the next request starts inside the body
		fmt.Printf("%s %s %q %v\n", req.Method, req.URL, body, err)
	}
	// Output:
	// POST /one "hello" <nil>
	// GET /two "" <nil>
	// EOF
}

// A json.Decoder reads ahead: the bytes after the values start with what it has buffered.
func ExampleWaitReader_json() {
	buf, err := bufstrategy.ByName("grow", bufstrategy.Options{})
	if err != nil {
		panic(err)
	}
	conn := strings.NewReader(`{"bytes": 4} {"bytes": 0}rest`)
	in := &adapter.WaitReader{Buffer: buf, Reader: adapter.FromReader(conn)}
	dec := json.NewDecoder(in)
	for range 2 {
		var header struct{ Bytes int }
		if err := dec.Decode(&header); err != nil {
			panic(err)
		}
		fmt.Println(header)
	}
	rest, err := io.ReadAll(io.MultiReader(dec.Buffered(), in))
	fmt.Printf("%s %v\n", rest, err)
	// Output:
	// {4}
	// {0}
	// rest <nil>
}

// A task reads messages one after another and answers them. The connection suspends the task.
func ExampleWaitReader_ReadMessage() {
	client, server := net.Pipe()
	go func() {
		out := bufio.NewWriter(client)
		for _, message := range []string{"one", "two", ""} {
			_ = out.WriteByte(byte(len(message)))
			_, _ = out.WriteString(message)
		}
		_ = out.Flush()
		_ = client.Close()
	}()
	buf, err := bufstrategy.ByName("fixed", bufstrategy.Options{Limit: 1 << 10})
	if err != nil {
		panic(err)
	}
	in := &adapter.WaitReader{Buffer: buf, Reader: adapter.FromReader(server)}
	frames := &message.Frames{} // a uvarint length, then that many bytes
	for {
		message, err := in.ReadMessage(frames)
		if err != nil {
			fmt.Println(err) // io.ErrUnexpectedEOF inside a message
			return
		}
		fmt.Printf("%q\n", message)
	}
	// Output:
	// "one"
	// "two"
	// ""
	// EOF
}
