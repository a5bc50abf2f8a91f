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
	"time"
)

// client is the connection of one worker, kept for the next URL of the same origin.
type client struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	tls     *tls.Config
	timeout time.Duration

	origin origin
	conn   net.Conn         // nil for none
	limit  io.LimitedReader // between reader and conn: bounds a header
	reader *bufio.Reader
	used   bool // a response has arrived over conn before

	request []byte // the bytes to send
}

// readerBytes is room for a TLS record, so that crypto/tls decrypts into it without an intermediate
// copy.
const readerBytes = 16 << 10

// headerBytesMax bounds the header of a response, including the informational responses before it.
const headerBytesMax = 1 << 20

// get sends a GET for l and returns the response. The caller must read its body to the end or close
// the client.
//
// The server may have closed a kept connection, which shows only when it is used. In that case get
// connects again, once.
func (c *client) get(ctx context.Context, l location) (*http.Response, error) {
	o := l.origin()
	if c.conn != nil && c.origin != o {
		c.close()
	}
	for {
		if c.conn == nil {
			if err := c.connect(ctx, o); err != nil {
				return nil, err
			}
		}
		resp, err := c.exchange(l)
		if err == nil {
			c.used = true
			return resp, nil
		}
		retry := c.used && !isTimeout(err) && ctx.Err() == nil
		c.close()
		if !retry {
			return nil, err
		}
	}
}

func (c *client) connect(ctx context.Context, o origin) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.dial(ctx, "tcp", o.address)
	if err != nil {
		return err
	}
	conn = &watched{Conn: conn, timeout: c.timeout}
	if o.scheme == "https" {
		config := c.tls.Clone()
		config.ServerName, _, _ = net.SplitHostPort(o.address)
		t := tls.Client(conn, config)
		// Handshake, not HandshakeContext, which would start a goroutine to watch the context. The
		// deadline serves the same purpose.
		if err := t.Handshake(); err != nil {
			conn.Close()
			return fmt.Errorf("TLS handshake with %s: %w", o.address, err)
		}
		conn = t
	}
	if c.reader == nil {
		c.reader = bufio.NewReaderSize(&c.limit, readerBytes)
	} else {
		c.reader.Reset(&c.limit)
	}
	c.limit = io.LimitedReader{R: conn, N: math.MaxInt64}
	c.conn, c.origin, c.used = conn, o, false
	return nil
}

func (c *client) exchange(l location) (*http.Response, error) {
	// Written here and not by an http.Request, which would escape the target differently.
	c.request = fmt.Appendf(c.request[:0], "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: edgewise-fetch\r\nAccept: */*\r\n", l.target, l.hostHeader())
	if l.auth != "" {
		c.request = fmt.Appendf(c.request, "Authorization: %s\r\n", l.auth)
	}
	c.request = append(c.request, "\r\n"...)
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, fmt.Errorf("sending the request: %w", err)
	}
	req := &http.Request{Method: http.MethodGet}
	c.limit.N = headerBytesMax
	resp, err := http.ReadResponse(c.reader, req)
	for err == nil && resp.StatusCode >= 100 && resp.StatusCode < 200 {
		resp, err = http.ReadResponse(c.reader, req) // informational (RFC 9110, 15.2)
	}
	if err != nil && c.limit.N <= 0 {
		return nil, fmt.Errorf("reading the response: its header is longer than %d bytes", headerBytesMax)
	}
	c.limit.N = math.MaxInt64
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	return resp, nil
}

// done ends the use of resp. It keeps the connection if the body was read to its end and neither
// side wants to close it.
func (c *client) done(resp *http.Response, whole bool) {
	if !whole || resp.Close || resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		c.close()
	}
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// watched moves the deadline with every transfer. A connection on which nothing moves for the
// timeout fails.
type watched struct {
	net.Conn
	timeout time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.timeout)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	return n, w.explain(err)
}

func (w *watched) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Write(p)
	return n, w.explain(err)
}

func (w *watched) explain(err error) error {
	if isTimeout(err) {
		return fmt.Errorf("nothing moved for %v: %w", w.timeout, err)
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
