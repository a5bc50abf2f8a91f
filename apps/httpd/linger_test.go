//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// A client that writes its whole upload before it reads gets the answer, and then the end of the
// stream.
func TestUnwantedUploadHasItsAnswer(t *testing.T) {
	t.Parallel()
	const uploads = 6
	s := newSite(t)
	body := bytes.Repeat([]byte("u"), 4<<20)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		server := s.serve(t, cert)
		for i := range uploads {
			conn := dial(t, server, cert)
			w := bufio.NewWriter(conn)
			if i%2 == 0 {
				w.WriteString("PUT /hello.txt HTTP/1.1\r\nHost: h\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
				w.Write(body)
			} else {
				w.WriteString("PUT /hello.txt HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(body)), 16) + "\r\n")
				w.Write(body)
				w.WriteString("\r\n0\r\n\r\n")
			}
			if err := w.Flush(); err != nil {
				t.Errorf("upload %d: %v", i, err)
			}
			all, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 405 ") || !strings.Contains(string(all), "\r\nAllow: GET, HEAD\r\n") ||
				!strings.Contains(string(all), "\r\nConnection: close\r\n") {
				t.Errorf("upload %d: got %q, %v, want 405, and the end announced", i, all, err)
			}
			conn.Close()
		}
		server.Stop(0)
	})
}

// After the last answer the server reads from the peer until it reaches the first of the bounds.
func TestLingeringIsBounded(t *testing.T) {
	long := limits{idle: time.Hour, linger: time.Hour, lingerSilence: time.Hour, lingerEnding: time.Hour, lingerBytes: 1 << 40}
	for _, c := range []struct {
		name    string
		shorten func(*limits)
		peer    func(*subject, net.Conn)
	}{
		{"silence", func(l *limits) { l.lingerSilence = time.Millisecond }, nil},
		{"time", func(l *limits) { l.linger = time.Millisecond }, nil},
		{"bytes", func(l *limits) { l.lingerBytes = 100_000 }, func(_ *subject, c net.Conn) { c.Write(make([]byte, 100_000)) }},
		{"end of the server", func(l *limits) { l.lingerEnding = time.Millisecond }, func(s *subject, _ net.Conn) { s.loop.Drain() }},
		{"end of the peer", func(*limits) {}, func(_ *subject, c net.Conn) { c.(*net.UnixConn).CloseWrite() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := long
			c.shorten(&l)
			s := newSubject(t, http.HandlerFunc(tell), l)
			client, fd := pairOfSockets(t)
			defer client.Close()
			ended := s.serve(t, fd)
			io.WriteString(client, "nonsense\r\n\r\n")
			// The end of the stream arrives when the server begins to linger.
			if all, err := io.ReadAll(client); err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 400 ") {
				t.Errorf("got %q, %v", all, err)
			}
			if c.peer != nil {
				c.peer(s, client)
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				client.Close()
				t.Errorf("the connection does not end within %v", patience)
			}
		})
	}
}
