package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"os"
	"strconv"
	"strings"
	"time"
)

// response writes the answer to one request. It is an http.ResponseWriter, http.Flusher and
// io.ReaderFrom.
type response struct {
	conn   *connection
	req    *http.Request
	header http.Header
	keep   bool // the connection may serve another request
	broken any  // the value with which the handler panicked
	cut    bool // the handler panicked in the middle of the answer

	status  int   // zero until the header has been written
	length  int64 // announced length of the body; -1 if unknown
	written int64 // length of the body that the handler wrote
	chunks  io.WriteCloser
	body    *continuing // nil unless the client waits for 100 Continue
	given   *patient    // the body of the request as the handler reads it
}

var errTooLong = errors.New("httpd: the handler wrote more than the Content-Length it announced")

func newResponse(c *connection, req *http.Request) *response {
	w := &response{conn: c, req: req, header: http.Header{}, length: -1}
	w.keep = !req.Close // set by ReadRequest for HTTP/1.0 without keep-alive
	// RFC 9110, 10.1.1: the expectation in an HTTP/1.0 request is ignored.
	if req.ProtoAtLeast(1, 1) && req.ContentLength != 0 && req.Header.Get("Expect") != "" {
		w.body = &continuing{ReadCloser: req.Body, response: w}
		req.Body = w.body
	}
	w.given = &patient{ReadCloser: req.Body, conn: c}
	req.Body = w.given
	return w
}

// Header returns the header to send. It may be changed until WriteHeader.
func (w *response) Header() http.Header { return w.header }

// WriteHeader decides how to frame the body (RFC 9112, 6) and writes the header.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid status %d", status))
	}
	if w.status != 0 {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		w.writeInformational(status)
		return
	}
	w.status = status
	h := w.header
	if h.Get("Date") == "" {
		h.Set("Date", w.conn.server.date.at(time.Now()))
	}
	// A client that has not been asked for the body may or may not send it after this answer. The
	// server cannot tell what comes next.
	unasked := w.body != nil && !w.body.asked
	if strings.EqualFold(h.Get("Connection"), "close") || w.conn.task.Draining() || unasked {
		w.keep = false
	}
	if w.keep && !w.drain() {
		w.keep = false
	}
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.length = n
	} else {
		h.Del("Content-Length")
	}
	h.Del("Transfer-Encoding")
	switch {
	case !w.hasBody():
		if status == http.StatusNoContent {
			h.Del("Content-Length")
		}
	case w.length >= 0:
	case w.req.ProtoAtLeast(1, 1):
		h.Set("Transfer-Encoding", "chunked")
		w.chunks = httputil.NewChunkedWriter(w.conn.writer)
	default:
		w.keep = false
	}
	if !w.keep {
		h.Set("Connection", "close")
	} else if !w.req.ProtoAtLeast(1, 1) {
		h.Set("Connection", "keep-alive")
	}
	writeHead(w.conn.writer, status, h)
}

func (w *response) writeInformational(status int) {
	writeHead(w.conn.writer, status, w.header)
	_ = w.conn.writer.Flush()
}

// writeHead writes to a buffer. Flush reports the errors of a buffered writer.
func writeHead(w io.Writer, status int, h http.Header) {
	fmt.Fprintf(w, "HTTP/1.1 %03d %s\r\n", status, http.StatusText(status))
	_ = h.Write(w)
	_, _ = io.WriteString(w, "\r\n")
}

// hasBody reports whether bytes follow the header (RFC 9112, 6.3).
func (w *response) hasBody() bool {
	return w.req.Method != http.MethodHead && w.status >= 200 && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// Write writes a part of the body, after the header if that has not been written.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		if _, ok := w.header["Content-Type"]; !ok && len(p) > 0 && w.header.Get("Content-Encoding") == "" {
			w.header.Set("Content-Type", http.DetectContentType(p))
		}
		w.WriteHeader(http.StatusOK)
	}
	if !w.hasBody() {
		if w.req.Method == http.MethodHead {
			return len(p), nil // as if sent: handlers need not treat HEAD specially
		}
		return 0, http.ErrBodyNotAllowed
	}
	if w.length >= 0 && w.written+int64(len(p)) > w.length {
		return 0, errTooLong
	}
	var n int
	var err error
	if w.chunks != nil {
		n, err = w.chunks.Write(p)
	} else {
		n, err = w.conn.writer.Write(p)
	}
	w.written += int64(n)
	return n, err
}

// ReadFrom copies a body from r. It sends a file without a copy if it can.
func (w *response) ReadFrom(r io.Reader) (total int64, err error) {
	if part, ok := r.(*io.LimitedReader); ok && w.status != 0 && w.chunks == nil && w.hasBody() && w.written+part.N <= w.length {
		if file, ok := part.R.(*os.File); ok {
			n, err := w.conn.sendFile(file, part.N)
			part.N -= n
			w.written += n
			return n, err
		}
	}
	return w.conn.copyFrom(w, r)
}

// Flush sends what has been written so far.
func (w *response) Flush() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	_ = w.conn.writer.Flush()
}

// finish completes the response.
func (w *response) finish() error {
	if w.broken != nil && w.broken != http.ErrAbortHandler {
		slog.Error("handler panicked", "method", w.req.Method, "url", w.req.URL, "value", w.broken)
	}
	if w.cut {
		// The client must not mistake a part for the whole.
		return fmt.Errorf("response broken off: %v", w.broken)
	}
	if w.status == 0 {
		w.header.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	}
	if w.chunks != nil {
		_ = w.chunks.Close()
		_, _ = w.conn.writer.WriteString("\r\n")
	}
	if w.hasBody() && w.length >= 0 && w.written < w.length {
		w.keep = false // the client notices that it is short
	}
	if err := w.conn.writer.Flush(); err != nil {
		return err
	}
	return nil
}

// drain reads what the handler has left of the request, so that the next one can be found after it.
// It reports whether that was possible. The header is not written yet: otherwise it must announce
// the end of the connection. A client that writes everything before it reads does not take the
// answer earlier.
func (w *response) drain() bool {
	if left := w.req.ContentLength - w.given.read; left > bodyDrainMax {
		return false
	}
	n, err := io.CopyN(io.Discard, w.given, bodyDrainMax+1)
	return n <= bodyDrainMax && err == io.EOF
}

// continuing asks the client for the body when the handler first reads it (RFC 9110, 10.1.1).
type continuing struct {
	io.ReadCloser
	response *response
	asked    bool
}

func (c *continuing) Read(p []byte) (int, error) {
	if !c.asked {
		c.asked = true
		if c.response.status != 0 {
			// The answer has been sent, and announced that the connection ends with it.
			return 0, io.ErrUnexpectedEOF
		}
		w := c.response.conn.writer
		_, _ = w.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
		if err := w.Flush(); err != nil {
			return 0, err
		}
	}
	return c.ReadCloser.Read(p)
}

// patient gives each read of a request's body the timeout of a stalled transfer.
type patient struct {
	io.ReadCloser
	conn *connection
	read int64
}

func (r *patient) Read(p []byte) (int, error) {
	if err := r.conn.raw.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	n, err := r.ReadCloser.Read(p)
	r.read += int64(n)
	return n, err
}
