package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// refusal is the answer to a malformed request. The connection ends with it.
type refusal struct {
	status int
	text   string // a sentence without text from the peer
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// keptHeaderBytes bounds the memory that the pool keeps for a header.
const keptHeaderBytes = 16 << 10

// readRequest reads the header of a request. Its error is a *refusal, or that of the connection.
func (c *connection) readRequest() (*http.Request, error) {
	recorded, _ := c.server.headers.Get().(*[]byte)
	if recorded == nil {
		recorded = new([]byte)
	}
	buffered, err := c.reader.Peek(c.reader.Buffered())
	if err != nil {
		return nil, err
	}
	*recorded = append((*recorded)[:0], buffered...)
	c.head.recorded, c.head.left = recorded, headerBytesMax
	req, err := http.ReadRequest(c.reader)
	c.head.recorded = nil
	read := (*recorded)[:len(*recorded)-c.reader.Buffered()]
	f := scan(read)
	if cap(*recorded) <= keptHeaderBytes {
		c.server.headers.Put(recorded)
	}
	if err != nil {
		return nil, c.refusalFor(err, &f)
	}
	c.head.left = math.MaxInt64
	if r := check(req, &f); r != nil {
		return nil, r
	}
	if f.faultyFraming() {
		req.Close = true
	}
	return req, nil
}

// refusalFor returns the answer to a header that http.ReadRequest refuses with err. Only the
// connection knows whether it has failed: the errors of package net/url are net.Errors too.
func (c *connection) refusalFor(err error, f *fields) error {
	var protocol textproto.ProtocolError
	var target *url.Error
	switch {
	case c.head.err != nil && c.head.err != io.EOF:
		return c.head.err
	case c.head.left <= 0:
		return &refusal{http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the header exceeds %d bytes", headerBytesMax)}
	case f.complete && f.folded:
		return &refusal{http.StatusBadRequest, foldedLine}
	case f.unsupportedEncoding():
		return &refusal{http.StatusNotImplemented, "this server supports only the transfer encoding chunked"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &refusal{http.StatusBadRequest, "the request ends within its header"}
	case errors.As(err, &target):
		return &refusal{http.StatusBadRequest, "the target is not a valid URL"}
	case errors.As(err, &protocol):
		return &refusal{http.StatusBadRequest, "a header line is malformed"}
	case f.hosts > 1:
		return &refusal{http.StatusBadRequest, "there are several Host fields"}
	case f.complete:
		return &refusal{http.StatusBadRequest, "the framing of the body is malformed"}
	}
	return &refusal{http.StatusBadRequest, "the request line is malformed"}
}

// check makes the checks that package net/http's server makes after http.ReadRequest. It returns
// nil for a valid request.
func check(req *http.Request, f *fields) *refusal {
	expectation := req.Header.Get("Expect")
	switch {
	case req.ProtoMajor != 1:
		return &refusal{http.StatusHTTPVersionNotSupported, "this server speaks HTTP/1.1 and HTTP/1.0"}
	case req.ProtoAtLeast(1, 1) && f.hosts == 0 && req.Method != http.MethodConnect:
		return &refusal{http.StatusBadRequest, "the Host field is missing"} // RFC 9112, 3.2
	case f.fault != "":
		return &refusal{http.StatusBadRequest, f.fault}
	case expectation != "" && !strings.EqualFold(expectation, "100-continue"):
		return &refusal{http.StatusExpectationFailed, "this server supports only the expectation 100-continue"}
	}
	return nil
}

// refuse answers a malformed request.
func (c *connection) refuse(r *refusal) error {
	writeRefusal(c.writer, r)
	return c.writer.Flush()
}

// writeRefusal writes the answer. Flush reports the errors of a buffered writer.
func writeRefusal(w io.Writer, r *refusal) {
	status := fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
	body := fmt.Sprintf("%s: %s.\n", status, r.text)
	fmt.Fprintf(w, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
}
