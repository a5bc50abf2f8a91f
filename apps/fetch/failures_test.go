//go:build unix

package main

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// failures are URLs that fail, each in a different way, and some that only look as if they would.
type failures struct {
	reasons map[string]string // URL to a part of the reason
	good    []string          // names of files that arrive despite an oddity
	okay    []string          // their URLs
}

func newFailures(t *testing.T, cert *apptest.Certificate, trusted string) *failures {
	t.Helper()
	other := serveTLS(t, apptest.NewCertificate(t), nil)
	const half = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
	broken := half + strings.Repeat("x", 50_000)
	// A close with unsent bytes and no time to linger resets the connection.
	reset := listen(t, answer(broken, func(c *net.TCPConn) { c.SetLinger(0) }))
	truncated := listen(t, answer(broken, nil))
	chunks := listen(t, answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789", nil))
	closes := listen(t, func(*net.TCPConn) {})
	nonsense := listen(t, answer("SSH-2.0-nonsense\r\n", nil))
	endless := listen(t, answer("HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Much: "+strings.Repeat("m", 1000)+"\r\n", 2000), nil))
	escape := listen(t, answer("HTTP/1.1 500 \x1b[2Jgone\r\nContent-Length: 0\r\n\r\n", nil))
	loop := listen(t, answer("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", nil))
	away := listen(t, answer("HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n", nil))
	moved := listen(t, answer("HTTP/1.1 301 Moved\r\nLocation: https://"+trusted+"/f0003.bin\r\nContent-Length: 4\r\n\r\nthis", nil))
	hints := listen(t, answer("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end", nil))
	gone := closedPort(t)
	return &failures{
		reasons: map[string]string{
			"http://" + gone + "/refused":               "connection refused",
			"https://" + gone + "/refused":              "connection refused",
			"http://" + reset + "/reset":                "connection reset",
			"http://" + truncated + "/truncated":        "unexpected EOF",
			"http://" + chunks + "/chunks":              "unexpected EOF",
			"http://" + closes + "/closes":              "",
			"https://" + closes + "/closes":             "TLS handshake",
			"http://" + nonsense + "/nonsense":          "malformed HTTP",
			"http://" + endless + "/endless":            "header is longer than",
			"http://" + escape + "/escape":              "500 ?[2Jgone",
			"http://" + loop + "/loop":                  "more than 10 redirects",
			"http://" + away + "/away":                  "want http:// or https://",
			"https://" + trusted + "/missing":           "404",
			"http://" + trusted + "/plain":              "400",
			"https://" + other.Listener.Addr().String(): "certificate",
			"https://127.0.0.2:1/":                      "refused",
			"http://no..name/":                          "malformed name",
			"http://[::1/":                              "not an http or https URL",
			"http://127.0.0.1:99999/":                   "bad port",
			"http:///nohost":                            "no host",
			"ftp://127.0.0.1/x":                         "want http:// or https://",
			"no URL at all":                             "want http:// or https://",
		},
		good: []string{"moved", "hints"},
		okay: []string{"http://" + moved + "/moved", "http://" + hints + "/hints"},
	}
}

// closedPort returns an address on which no process listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.3:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// amid mixes the URLs into a list of others.
func (f *failures) amid(list string) string {
	lines := strings.SplitAfter(list, "\n")
	urls := append([]string{}, f.okay...)
	for u := range f.reasons {
		urls = append(urls, u)
	}
	for i, u := range urls {
		lines[(i*7)%len(lines)] += u + "\n"
	}
	return strings.Join(lines, "")
}

// check compares the output of the program with the expected one: a line per failure with its
// reason, and the summary.
func (f *failures) check(t *testing.T, stderr string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	summary := lines[len(lines)-1]
	said := map[string]string{}
	for _, line := range lines[:len(lines)-1] {
		rest, ok := strings.CutPrefix(line, "fetch: ")
		url := ""
		for u := range f.reasons {
			if strings.HasPrefix(rest, u+": ") && len(u) > len(url) {
				url = u
			}
		}
		if !ok || url == "" || said[url] != "" {
			t.Errorf("got line %q, want one for each URL that fails", line)
			continue
		}
		said[url] = rest[len(url)+2:]
	}
	for u, reason := range f.reasons {
		if said[u] == "" || !strings.Contains(said[u], reason) {
			t.Errorf("%s: got reason %q, want it to contain %q", u, said[u], reason)
		}
	}
	if want := fmt.Sprintf(", %d failed", len(f.reasons)); !strings.HasSuffix(summary, want) {
		t.Errorf("got summary %q, want it to end with %q", summary, want)
	}
}
