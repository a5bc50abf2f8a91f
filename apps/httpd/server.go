package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// Bounds on what a peer may make the server hold and for how long.
const (
	headerBytesMax   = 1 << 20
	headerTimeout    = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	stallTimeout     = 30 * time.Second // a transfer in which nothing moves for so long is over
	bodyDrainMax     = 256 << 10        // of a request's body that the handler left unread, for the sake of the connection
	readerBytes      = 4 << 10
	writerBytes      = 4 << 10
	copyBytes        = 64 << 10
	lingerTimeout    = time.Second // for the peer to take the last answer, while what it still sends is thrown away
	lingerBytesMax   = 1 << 20
)

// server is what all connections share. It does not change while it serves.
type server struct {
	handler     http.Handler
	tls         *tls.Config // nil for plain http
	access      *accessLog
	idleTimeout time.Duration
	copies      sync.Pool // of *[copyBytes]byte, for bodies on their way
}

// connection is one connection, served by one task.
type connection struct {
	server *server
	task   *sched.Task
	raw    *stream.Conn
	net.Conn
	tls    *tls.ConnectionState
	peer   net.Addr
	limit  io.LimitedReader // between reader and Conn: bounds a header
	reader *bufio.Reader
	writer *bufio.Writer
	idle   bool // nothing has been asked for that is not answered
}

func (s *server) serve(t *sched.Task, raw *stream.Conn, peer net.Addr) error {
	c := &connection{server: s, task: t, raw: raw, Conn: &watched{Conn: raw}, peer: peer}
	t.OnDrain(func() {
		if c.idle {
			raw.SetReadDeadline(time.Unix(1, 0))
		}
	})
	if s.tls != nil {
		if err := quiet(c.handshake()); err != nil {
			return fmt.Errorf("TLS handshake with %v: %w", peer, err)
		}
		if c.tls == nil {
			return nil
		}
		defer c.Conn.Close()
	}
	c.limit = io.LimitedReader{R: c.Conn, N: math.MaxInt64}
	c.reader = bufio.NewReaderSize(&c.limit, readerBytes)
	c.writer = bufio.NewWriterSize(c.Conn, writerBytes)
	for again := true; again; {
		var err error
		if again, err = c.next(); err != nil {
			return quiet(err)
		}
	}
	return quiet(c.linger())
}

// linger ends the connection on this side and waits for the other to do so: if the socket were closed while bytes of the peer's are
// unread, the kernel would reset the connection, and the peer might never see the last answer (RFC 9112, 9.6).
func (c *connection) linger() error {
	if t, ok := c.Conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return err
		}
	}
	if err := c.raw.CloseWrite(); err != nil {
		return err
	}
	if err := c.raw.SetReadDeadline(time.Now().Add(lingerTimeout)); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, c.raw, lingerBytesMax)
	return err
}

func (c *connection) handshake() error {
	t := tls.Server(c.Conn, c.server.tls)
	c.idle = true
	if err := c.raw.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	// Not HandshakeContext: that would start a goroutine to watch the context.
	if err := t.Handshake(); err != nil {
		return err
	}
	state := t.ConnectionState()
	c.Conn, c.tls = t, &state
	return nil
}

// quiet drops errors that are how connections ordinarily end.
func quiet(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil
	}
	return err
}

// next serves one request and reports whether another may follow.
func (c *connection) next() (again bool, err error) {
	if c.task.Draining() {
		return false, nil
	}
	c.idle = true
	if err := c.raw.SetReadDeadline(time.Now().Add(c.server.idleTimeout)); err != nil {
		return false, err
	}
	_, err = c.reader.Peek(1)
	c.idle = false
	if err != nil {
		return false, err
	}
	began := time.Now()
	if err := c.raw.SetReadDeadline(began.Add(headerTimeout)); err != nil {
		return false, err
	}
	c.limit.N = headerBytesMax
	req, err := http.ReadRequest(c.reader)
	if err != nil {
		status := http.StatusBadRequest
		if c.limit.N <= 0 {
			status = http.StatusRequestHeaderFieldsTooLarge
		}
		return false, c.refuse(err, status)
	}
	c.limit.N = math.MaxInt64
	if status := refusal(req); status != 0 {
		return false, c.refuse(nil, status)
	}
	req.RemoteAddr, req.TLS = c.peer.String(), c.tls
	req = req.WithContext(context.WithValue(c.task.Context(), http.LocalAddrContextKey, c.LocalAddr()))
	w := newResponse(c, req)
	c.call(w, req)
	err = w.finish()
	c.server.access.write(req, w, began)
	return w.keep && err == nil, err
}

// refusal returns the status for a request that cannot be served, zero for the others.
func refusal(req *http.Request) int {
	switch {
	case req.ProtoMajor != 1:
		return http.StatusHTTPVersionNotSupported
	case req.ProtoAtLeast(1, 1) && req.Host == "" && req.URL.Host == "":
		return http.StatusBadRequest // RFC 9112, 3.2
	case req.Header.Get("Expect") != "" && !strings.EqualFold(req.Header.Get("Expect"), "100-continue"):
		return http.StatusExpectationFailed
	}
	return 0
}

// refuse answers what is no proper request, unless the peer has just gone, and ends the connection.
func (c *connection) refuse(err error, status int) error {
	var n net.Error
	gone := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if gone && c.limit.N > 0 || errors.As(err, &n) {
		return err
	}
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	fmt.Fprintf(c.writer, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", text, len(text), text)
	return c.writer.Flush()
}

// call runs the handler. A panic of it ends the connection, and the client learns of it if nothing was sent yet.
func (c *connection) call(w *response, req *http.Request) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		w.keep = false
		w.broken = v
		w.cut = w.status != 0 || v == http.ErrAbortHandler
		if !w.cut {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}()
	c.server.handler.ServeHTTP(w, req)
}

// watched moves the deadline for writing with every write: a peer that takes nothing for the timeout has lost its connection. The
// deadline for reading is set by those who know what they wait for.
type watched struct{ net.Conn }

func (w *watched) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
