package resolve_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/resolve"
)

// The methods of a Record decode the data of one type each.
func ExampleRecord() {
	for _, r := range []resolve.Record{
		{Type: resolve.TypeMX, Data: "\x00\x0a\x04mail\x07example\x00"},
		{Type: resolve.TypeTXT, Data: "\x06v=spf1\x05 -all"},
		{Type: resolve.TypeHTTPS, Data: "\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x03\x00\x02\x20\xfb"},
	} {
		fmt.Println(r)
		if mx, ok := r.MX(); ok {
			fmt.Println("exchanger", mx.Host)
		}
		if text, ok := r.Text(); ok {
			fmt.Println("policy", text)
		}
		if s, ok := r.SVCB(); ok {
			port, _ := s.Port()
			fmt.Println("port", port)
		}
	}
	// Output:
	// MX 10 mail.example.
	// exchanger mail.example
	// TXT "v=spf1" " -all"
	// policy v=spf1 -all
	// HTTPS 1 . alpn=h2,h3 port=8443
	// port 8443
}

// A client tries the targets of a service in the order that SortSRV gives them.
func ExampleSortSRV() {
	targets := []resolve.SRV{{Priority: 20, Port: 3}, {Priority: 10, Weight: 9, Port: 1}, {Priority: 10, Weight: 0, Port: 2}}
	resolve.SortSRV(targets, rand.New(rand.NewPCG(1, 2)))
	for _, t := range targets {
		fmt.Println(t.Priority, t.Port)
	}
	// Output:
	// 10 1
	// 10 2
	// 20 3
}
