//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stricter maps refusals of requests that package net/http's server accepts, or refuses
// differently, to the reason. Nothing follows a refusal, so it cannot change the meaning of a later
// request.
var stricter = map[string]string{
	foldedLine: "RFC 9112, 5.2 permits both; a proxy that does not unfold reads other fields",
	"this server speaks HTTP/1.1 and HTTP/1.0":               "net/http lets a handler take over after PRI * HTTP/2.0, and no handler here does",
	"this server supports only the expectation 100-continue": "RFC 9110, 10.1.1: any other member may be refused; net/http searches the field for a word",
}

// sentinel follows every input. It gets an answer if the connection is open and in step after the
// input.
const sentinel = "GET /sentinel HTTP/1.1\r\nHost: sentinel\r\n\r\n"

// differentialBytesMax bounds an input: it must fit in the buffer of a socket and run quickly.
const differentialBytesMax = 16 << 10

// told is the header in which the handler reports to a client what it was given: the method, a
// blank, and the rest quoted.
const told = "X-Told"

// tell is the handler of both servers. It does not read the body of a request below /unread.
func tell(w http.ResponseWriter, req *http.Request) {
	text := fmt.Sprintf("%s host %s length %d", req.RequestURI, req.Host, req.ContentLength)
	if !strings.HasPrefix(req.URL.Path, "/unread") {
		body, err := io.ReadAll(req.Body)
		text += fmt.Sprintf(" body %q whole %v", body, err == nil)
	}
	w.Header().Set(told, fmt.Sprintf("%s %q", req.Method, text))
	w.Header().Set("X-Connection", fmt.Sprintf("%q", req.Header["Connection"]))
	w.Header().Set("Content-Length", "2")
	io.WriteString(w, "ok")
}

// answer is one answer as a client sees it.
type answer struct {
	status     int
	told       string
	connection string // the Connection field of the request
	closes     bool   // it announces the end of the connection
	body       string
}

// answersOf reads the answers on a connection to the end.
func answersOf(c io.Reader) (all []answer, err error) {
	r := bufio.NewReader(c)
	for {
		if _, err := r.Peek(1); err != nil {
			return all, err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return all, fmt.Errorf("after %d answers: %w", len(all), err)
		}
		a := answer{status: resp.StatusCode, told: resp.Header.Get(told), connection: resp.Header.Get("X-Connection"), closes: resp.Close}
		if !strings.HasPrefix(a.told, "HEAD ") {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return all, fmt.Errorf("in the body of answer %d: %w", len(all), err)
			}
			a.body = string(body)
		}
		all = append(all, a)
	}
}

// exchange sends all of input, ends the stream, and returns the answers.
func exchange(t testing.TB, client *net.UnixConn, input []byte) ([]answer, error) {
	t.Helper()
	defer client.Close()
	require.NoError(t, client.SetDeadline(time.Now().Add(patience)))
	if _, err := client.Write(input); err != nil {
		return nil, err
	}
	if err := client.CloseWrite(); err != nil {
		return nil, err
	}
	return answersOf(client)
}

// patientConn reads to the end before it closes. net/http's server resets connections with unread
// bytes, and thereby loses answers.
type patientConn struct{ *net.UnixConn }

func (c patientConn) Close() error {
	if err := c.CloseWrite(); err == nil {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.Copy(io.Discard, c.UnixConn)
	}
	return c.UnixConn.Close()
}

// reference is package net/http's server.
type reference struct{ conns chan net.Conn }

func (r *reference) Accept() (net.Conn, error) {
	c, ok := <-r.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (r *reference) Close() error   { return nil }
func (r *reference) Addr() net.Addr { return &net.UnixAddr{} }

func newReference(t testing.TB) *reference {
	r := &reference{conns: make(chan net.Conn)}
	s := &http.Server{Handler: http.HandlerFunc(tell), DisableGeneralOptionsHandler: true, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(r) }()
	t.Cleanup(func() {
		close(r.conns)
		<-ended
	})
	return r
}

func (r *reference) answers(t testing.TB, input []byte) ([]answer, error) {
	client, fd := pairOfSockets(t)
	r.conns <- patientConn{connOf(t, fd)}
	return exchange(t, client, input)
}

// compare returns an unintended difference, or "".
func compare(input []byte, got, want []answer) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i < len(got) && got[i].told == "" && stricterText(got[i]) != "":
			return "" // It is the last answer: nothing follows a refusal.
		case i == len(got):
			if i > 0 && endsEarlier(input, got[i-1]) {
				return ""
			}
			return fmt.Sprintf("answer %d is missing, want %+v", i, want[i])
		case i == len(want):
			if i > 0 && endsLater(want[i-1]) {
				return ""
			}
			return fmt.Sprintf("answer %d is %+v, want none", i, got[i])
		}
		g, w := got[i], want[i]
		if g.told == "" && g.status >= 300 && w.told == "" {
			// A refusal. The wording differs.
			if g.status != w.status || !g.closes {
				return fmt.Sprintf("refusal %d is %+v, want %+v", i, g, w)
			}
			continue
		}
		if g.closes != w.closes && (endsEarlier(input, g) || endsLater(g)) {
			g.closes = w.closes
		}
		if g != w {
			return fmt.Sprintf("answer %d is %+v, want %+v", i, g, w)
		}
	}
	return ""
}

// stricterText returns the sentence of stricter that a refusal contains.
func stricterText(a answer) string {
	for text := range stricter {
		if strings.Contains(a.body, text) {
			return text
		}
	}
	return ""
}

// endsEarlier reports whether this server intentionally ends the connection after an answer after
// which net/http's server does not.
func endsEarlier(input []byte, a answer) bool {
	lower := bytes.ToLower(input)
	// Two framings, or one that HTTP/1.0 does not have. RFC 9112, 6.1 demands the end; net/http
	// continues.
	if bytes.Contains(lower, []byte("transfer-encoding")) && (bytes.Contains(lower, []byte("content-length")) || bytes.Contains(lower, []byte("http/1.0"))) {
		return true
	}
	return endsLater(a)
}

// endsLater reports whether the request of an answer has words in Connection that are not a
// comma-separated list. net/http's server searches the first field for a word. ReadRequest searches
// all lists for a member (RFC 9110, 7.6.1).
func endsLater(a answer) bool {
	inside := strings.TrimSuffix(strings.TrimPrefix(a.connection, `["`), `"]`)
	return strings.ContainsAny(inside, "\" \t;")
}

func FuzzRequestsAsNetHTTP(f *testing.F) {
	for _, seed := range differentialSeeds() {
		f.Add([]byte(seed))
	}
	ours, theirs := newSubject(f, http.HandlerFunc(tell), defaultLimits()), newReference(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		input = append(bytes.Clone(input[:min(len(input), differentialBytesMax)]), sentinel...)
		want, err := theirs.answers(t, input)
		if err != io.EOF {
			t.Fatalf("net/http: %v", err)
		}
		got, err := ours.answers(t, input)
		if err != io.EOF {
			t.Errorf("got %v after %d answers, want the end of the stream; %q", err, len(got), input)
		}
		if difference := compare(input, got, want); difference != "" {
			t.Errorf("%s\ninput %q\ngot  %+v\nwant %+v", difference, input, got, want)
		}
	})
}
