//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// dial connects to a server, with TLS if cert is not nil.
func dial(t *testing.T, p *apptest.Process, cert *apptest.Certificate) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", p.Addr, patience)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	if cert == nil {
		return c
	}
	s := tls.Client(c, trusting(cert))
	require.NoError(t, s.Handshake())
	return s
}

// trusting returns the configuration of a client. Its key exchange is the one that costs the race
// detector least.
func trusting(cert *apptest.Certificate) *tls.Config {
	return &tls.Config{RootCAs: cert.Pool, ServerName: "localhost", CurvePreferences: []tls.CurveID{tls.CurveP256}}
}

// The server answers a malformed request completely, followed by the end of the stream, even if it
// has not read all bytes of the request.
func TestImproperRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		server := s.serve(t, cert)
		for _, c := range []struct{ name, request, status string }{
			{"nonsense", "nonsense\r\n\r\n", "400"},
			{"other protocol", "\x16\x03\x01\x00\xa5 what\r\n\r\n", "400"},
			{"bad header", "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "400"},
			{"bad length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", "400"},
			{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
			{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
			{"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400"},
			{"bad host", "GET / HTTP/1.1\r\nHost: h/i\r\n\r\n", "400"},
			{"bad escape", "GET /100%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
			{"blank before a colon", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc", "400"},
			{"blank before another colon", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
			{"folded line", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n 0\r\n\r\n", "400"},
			{"control character", "GET / HTTP/1.1\r\nHost: h\r\nA: b\x00\r\n\r\n", "400"},
			{"other encoding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
			{"http 0.9", "GET / HTTP/0.9\r\n\r\n", "505"},
			{"http 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
			{"large header", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-Much: "+strings.Repeat("m", 1000)+"\r\n", 1200) + "\r\n", "431"},
			{"endless line", "GET /" + strings.Repeat("x", headerBytesMax+300_000), "431"},
		} {
			conn := dial(t, server, cert)
			var writing sync.WaitGroup
			writing.Go(func() { io.WriteString(conn, c.request) })
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || !strings.HasPrefix(resp.Status, c.status) || !strings.HasPrefix(string(body), c.status) || !resp.Close {
				t.Errorf("%s: got %s, %q, %v, want %s and the end", c.name, resp.Status, body, err, c.status)
			}
			if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("%s: got %d, %v after the answer, want EOF", c.name, n, err)
			}
			conn.Close()
			writing.Wait()
		}
		if r := server.Stop(0); r.Stderr != "" {
			t.Errorf("the server reported %s", r.Stderr)
		}
	})
}

func TestPipelinedRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		server := s.serve(t, cert)
		conn := dial(t, server, cert)
		const n = 200
		var requests strings.Builder
		var want []string
		for i := range n {
			switch i % 4 {
			case 0:
				requests.WriteString("GET /hello.txt HTTP/1.1\r\nHost: h\r\n\r\n")
				want = append(want, "hello, world\n")
			case 1: // a body that the handler does not read
				requests.WriteString("GET /list/one HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /")
				want = append(want, "1")
			case 2:
				requests.WriteString("GET /list/two HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
				want = append(want, "2")
			case 3:
				requests.WriteString("GET /missing HTTP/1.1\r\nHost: h\r\n\r\n")
				want = append(want, "404 page not found\n")
			}
		}
		go io.WriteString(conn, requests.String())
		answers := bufio.NewReader(conn)
		for i := range n {
			resp, err := http.ReadResponse(answers, nil)
			require.NoErrorf(t, err, "answer %d", i)
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != want[i] {
				t.Fatalf("answer %d: got %q, %v, want %q", i, body, err, want[i])
			}
		}
		conn.Close()
		server.Stop(0)
	})
}

// The server does not ask a waiting client for the body, because no handler wants it. The answer
// announces that the connection ends.
func TestUnaskedBodyEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve(t, nil)
	conn := dial(t, server, nil)
	io.WriteString(conn, "GET /hello.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	all, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(all), "\r\nConnection: close\r\n") || !strings.HasSuffix(string(all), "\r\n\r\nhello, world\n") {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve(t, nil, "-idle-timeout", "50ms")
	for begun := time.Now(); ; {
		conn := dial(t, server, nil)
		io.WriteString(conn, "GET /hello.txt HTTP/1.1\r\nHost: h\r\n\r\n")
		all, err := io.ReadAll(conn)
		switch {
		case err == nil && strings.HasSuffix(string(all), "hello, world\n"):
			return
		case len(all) > 0 || time.Since(begun) > patience:
			t.Fatalf("got %q, %v, want the answer and then the end", all, err)
		}
		// The machine is slow: the time passed before the request arrived.
	}
}

// On a signal the server closes an idle connection at once. A connection that is being served
// continues within the grace.
func TestEndsOnSignals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		for loops, signal := range map[string]os.Signal{"-loops=1": syscall.SIGTERM, "-loops=2": syscall.SIGHUP} {
			server := s.serve(t, cert, "-grace", "1h", loops)
			fresh := dial(t, server, nil) // over TLS it stays in the handshake
			idle := dial(t, server, cert)
			io.WriteString(idle, "GET /hello.txt HTTP/1.1\r\nHost: h\r\n\r\n")
			idleAnswers := bufio.NewReader(idle)
			if resp, err := http.ReadResponse(idleAnswers, nil); err != nil {
				t.Fatal(err)
			} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			slow := dial(t, server, cert)
			io.WriteString(slow, "GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n")
			answers := bufio.NewReader(slow)
			resp, err := http.ReadResponse(answers, nil)
			require.NoError(t, err)
			server.Signal(signal)
			for name, c := range map[string]io.Reader{"fresh": fresh, "idle": idleAnswers} {
				if n, err := c.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("%s connection: got %d, %v, want EOF", name, n, err)
				}
			}
			select {
			case <-server.Ended():
				t.Errorf("the server ended before the download; stderr: %s", server.Stderr())
			default:
			}
			if body, err := readBody(resp); err != nil || !s.isBig(body) {
				t.Errorf("slow download: got %d bytes, %v, want the whole file", len(body), err)
			}
			slow.Close()
			if r := server.Wait(patience); r.Code != 0 || r.Stderr != "" {
				t.Errorf("got exit code %d, %q, want 0 and nothing", r.Code, r.Stderr)
			}
		}
	})
	// The server cuts a stalled download when the grace is over.
	server := s.serve(t, nil, "-grace", "100ms")
	stuck := dial(t, server, nil)
	io.WriteString(stuck, "GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n")
	if _, err := stuck.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if r := server.Stop(0); !strings.Contains(r.Stderr, "cut") {
		t.Errorf("got %q on standard error, want a report of the cut", r.Stderr)
	}
}

// A request with two framings, or with one that its version does not have, gets an answer and is
// the last on its connection. A proxy may mistake a part of its body for a request.
func TestFaultyFramingEndsTheConnection(t *testing.T) {
	s := newSubject(t, http.HandlerFunc(tell), defaultLimits())
	const next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, c := range []struct{ name, request, body string }{
		{"length first", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", `body \"a\" whole true`},
		{"length last", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n", `body \"a\" whole true`},
		{"HTTP/1.0", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", `body \"a\" whole true`},
		{"HTTP/1.0 without a length", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", `body \"\" whole true`},
	} {
		got, err := s.answers(t, []byte(c.request+next))
		if err != io.EOF || len(got) != 1 || got[0].status != 200 || !got[0].closes || !strings.Contains(got[0].told, c.body) {
			t.Errorf("%s: got %+v, %v, want one answer to %s, and the end", c.name, got, err, c.body)
		}
	}
}

func TestPlainHTTPOnThePortForTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cert := apptest.NewCertificate(t)
	server := s.serve(t, cert)
	for _, request := range []string{
		"GET /hello.txt HTTP/1.1\r\nHost: h\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("u", 100_000),
	} {
		conn := dial(t, server, nil)
		io.WriteString(conn, request)
		all, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 400 Bad Request\r\n") || !strings.HasSuffix(string(all), "this port is for https, and the request is plain http.\n") {
			t.Errorf("%.20q: got %q, %v", request, all, err)
		}
		conn.Close()
	}
	// Bytes that are neither TLS nor HTTP get no answer: their sender would not understand it.
	conn := dial(t, server, nil)
	io.WriteString(conn, "\x00\x01\x02\x03\x04\x05")
	if all, _ := io.ReadAll(conn); strings.Contains(string(all), "HTTP") {
		t.Errorf("got %q", all)
	}
	conn.Close()
}
