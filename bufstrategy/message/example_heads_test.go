package message_test

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net/http"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A handler on a loop waits for the complete head of a request before it lets package net/http
// parse it.
func ExampleHeads() {
	buf, err := bufstrategy.NewGrow(bufstrategy.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	heads := message.Heads{Max: 8 << 10}
	for _, arrived := range []string{"GET / HTTP/1.1\r\nHo", "st: db.example\r\n", "\r\nGET"} {
		if _, err := (adapter.Writer{Buffer: buf}).WriteString(arrived); err != nil { // Fill, from a socket
			log.Fatal(err)
		}
		head, size, err := heads.Next(buf)
		if err != nil {
			fmt.Println(err)
			continue
		}
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(request.Method, request.Host)
		buf.Discard(size)
	}
	// Output:
	// bufstrategy: fewer bytes unread than asked for
	// bufstrategy: fewer bytes unread than asked for
	// GET db.example
}
