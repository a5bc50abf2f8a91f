package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// Bounds on what a peer may make the server hold, and for how long.
const (
	headerBytesMax   = 1 << 20
	headerTimeout    = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	stallTimeout     = 30 * time.Second // a transfer in which nothing moves for this long ends
	bodyDrainMax     = 256 << 10        // of an unread request body, to keep the connection
	readerBytes      = 4 << 10
	writerBytes      = 4 << 10
	copyBytes        = 64 << 10
)

// limits are the bounds that tests shorten.
type limits struct {
	idle          time.Duration // of a connection without a request
	linger        time.Duration // of everything after the last answer
	lingerSilence time.Duration // of the peer after the last answer
	lingerEnding  time.Duration // of everything after the last answer, once the server is ending
	lingerBytes   int64         // of the peer after the last answer, which are discarded
}

// defaultLimits returns nginx's lingering_time and lingering_timeout, and a bound on bytes, which
// nginx does not have.
func defaultLimits() limits {
	return limits{idle: time.Minute, linger: 30 * time.Second, lingerSilence: 5 * time.Second, lingerEnding: time.Second, lingerBytes: 1 << 30}
}

// server is what all connections share. It does not change while it serves.
type server struct {
	handler http.Handler
	tls     *tls.Config // nil for plain http
	access  *accessLog  // or nil
	cache   *fileCache  // the one of handler, or nil
	limits  limits
	date    date
	copies  sync.Pool // of *[copyBytes]byte, for bodies in transfer
	headers sync.Pool // of *[]byte, for headers being read
}

// connection is one connection, served by one task.
type connection struct {
	server *server
	task   *sched.Task
	raw    *stream.Conn
	net.Conn
	tls    *tls.ConnectionState
	peer   net.Addr
	head   head // between reader and Conn
	reader *bufio.Reader
	writer *bufio.Writer
	part   io.LimitedReader // of a file that is sent; a field, so that it is not allocated
	vector [2][]byte        // likewise
	rest   net.Buffers      // likewise

	idle       bool   // every request has its answer
	lastMethod string // method of the previous request, if there was one

	lingers   bool
	lingerEnd time.Time
}

func (s *server) serve(t *sched.Task, raw *stream.Conn) error {
	c := &connection{server: s, task: t, raw: raw, Conn: &watched{Conn: raw}, peer: raw.RemoteAddr()}
	t.OnDrain(func() {
		switch {
		case c.idle:
			raw.SetReadDeadline(time.Unix(1, 0))
		case c.lingers:
			c.hasten()
			raw.SetReadDeadline(c.lingerEnd)
		}
	})
	if s.tls != nil {
		if err := c.handshake(); err != nil {
			if isPlain(err) {
				return quiet(c.refusePlain())
			}
			if quiet(err) == nil {
				return nil
			}
			return fmt.Errorf("TLS handshake with %v: %w", c.peer, err)
		}
		defer c.Conn.Close()
	}
	c.head = head{r: c.Conn, left: math.MaxInt64}
	c.reader = bufio.NewReaderSize(&c.head, readerBytes)
	c.writer = bufio.NewWriterSize(c.Conn, writerBytes)
	for again := true; again; {
		var err error
		if again, err = c.next(); err != nil {
			return quiet(err)
		}
	}
	return quiet(c.linger())
}

func (c *connection) handshake() error {
	t := tls.Server(c.Conn, c.server.tls)
	c.idle = true
	if err := c.raw.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	// Not HandshakeContext, which would start a goroutine to watch the context.
	if err := t.Handshake(); err != nil {
		return err
	}
	state := t.ConnectionState()
	c.Conn, c.tls = t, &state
	return nil
}

// isPlain reports whether a handshake failed because the peer speaks plain HTTP.
func isPlain(err error) bool {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil {
		return false
	}
	// The first byte of TLS is not a letter. A request begins with a method and a blank, or a part
	// of a method.
	for i, b := range record.RecordHeader {
		if b < 'A' || b > 'Z' {
			return i >= 3 && b == ' ' || i >= 4 && b == '/'
		}
	}
	return true
}

// refusePlain answers plain HTTP on a port for TLS. The handshake has consumed a part of the
// request.
func (c *connection) refusePlain() error {
	c.idle = false
	c.reader = bufio.NewReaderSize(c.raw, readerBytes)
	writeRefusal(c.Conn, &refusal{http.StatusBadRequest, "this port is for https, and the request is plain http"})
	return c.linger()
}

// quiet drops the errors with which connections ordinarily end.
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
	if err := c.raw.SetReadDeadline(time.Now().Add(c.server.limits.idle)); err != nil {
		return false, err
	}
	err = c.await()
	c.idle = false
	if err != nil {
		return false, err
	}
	began := time.Now()
	if c.server.cache != nil && !c.task.Draining() {
		if served, again, err := c.serveReady(began); served {
			return again, err
		}
	}
	if err := c.raw.SetReadDeadline(began.Add(headerTimeout)); err != nil {
		return false, err
	}
	req, err := c.readRequest()
	var r *refusal
	if errors.As(err, &r) {
		return false, c.refuse(r)
	}
	if err != nil {
		return false, err
	}
	c.lastMethod = req.Method
	req.RemoteAddr, req.TLS = c.peer.String(), c.tls
	req = req.WithContext(context.WithValue(c.task.Context(), http.LocalAddrContextKey, c.LocalAddr()))
	w := newResponse(c, req)
	c.call(w, req)
	err = w.finish()
	if c.server.access != nil {
		c.server.access.write(c.peer, req.Method+" "+req.RequestURI+" "+req.Proto, w.status, w.written, began)
	}
	return w.keep && err == nil, err
}

// laterBytes is less than any request has. After the first request, a peer that sends fewer bytes
// and ends has made no further request: it may have sent an empty line.
const laterBytes = 4

// await waits for the first bytes of a request. Old clients send an empty line after the body of a
// POST (RFC 9112, 2.2).
func (c *connection) await() error {
	if c.lastMethod == "" {
		_, err := c.reader.Peek(1)
		return err
	}
	start, err := c.reader.Peek(laterBytes)
	if err != nil || c.lastMethod != http.MethodPost {
		return err
	}
	_, err = c.reader.Discard(len(start) - len(bytes.TrimLeft(start, "\r\n")))
	return err
}

// call runs the handler. A panic of the handler ends the connection, and the client gets an error
// if nothing was sent yet.
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

// watched moves the write deadline with every write: the connection of a peer that takes nothing
// for the timeout ends. The caller that waits for a read sets the read deadline.
type watched struct{ net.Conn }

func (w *watched) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
