//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"crypto/tls"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// runOther returns the standard output of another program.
func runOther(t testing.TB, path string, args ...string) string {
	t.Helper()
	var failed bytes.Buffer
	c := exec.CommandContext(t.Context(), path, args...)
	c.Stderr = &failed
	out, err := c.Output()
	require.NoError(t, err, failed.String())
	return string(out)
}

// resolvConf writes a configuration with a server.
func resolvConf(t testing.TB, v *server, more string) (path string) {
	host, port, _ := strings.Cut(v.addr, ":")
	return write(t, fmt.Sprintf("nameserver [%s]:%s\n%s\n", host, port, more))
}

// Relative names are completed with the search list of the machine, or with another one.
func TestSearchList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  string
		code  int
		want  string
		asked string
	}{
		{"app", 0, "app A 300 192.0.2.7 app.corp.test", "app.corp.test. app.none.test."},
		{"app.", 1, "", "app."},
		{"-no-search app", 1, "", "app."},
		{"-t A app", 1, "", "app."},
		{"-search corp.test app", 0, "app A 300 192.0.2.7 app.corp.test", "app.corp.test."},
		{"app.corp", 1, "", "app.corp. app.corp.corp.test. app.corp.none.test."},
	} {
		t.Run(c.args, func(t *testing.T) {
			v := serve(t, exampleScript)
			conf := resolvConf(t, v, "search none.test corp.test\noptions ndots:1")
			args := append([]string{"-resolv-conf", conf, "-no-hosts", "-timeout", noTimeout}, strings.Fields(c.args)...)
			if !strings.Contains(c.args, "-t") {
				args = append([]string{"-4"}, args...)
			}
			r := program.Run(t, "", nil, args...)
			require.Equal(t, c.code, r.Code, r.Stderr)
			require.Equal(t, c.want, strings.Join(table(r), "\n"))
			require.Equal(t, c.asked, v.names())
		})
	}
}

// The hosts file comes before the servers, except with -t.
func TestHostsFile(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	hosts := write(t, "198.51.100.1 four.example.test\n")
	run := func(args ...string) []string {
		r := program.Run(t, "", nil, append([]string{"-server", v.addr, "-no-search", "-timeout", noTimeout}, args...)...)
		require.Equal(t, 0, r.Code, r.Stderr)
		return table(r)
	}
	require.Equal(t, []string{"four.example.test A - 198.51.100.1"}, run("-hosts", hosts, "four.example.test"))
	require.Zero(t, v.total())
	require.Equal(t, []string{"four.example.test A 300 192.0.2.4"}, run("-no-hosts", "four.example.test"))
	require.Equal(t, []string{"four.example.test A 300 192.0.2.4"}, run("-t", "A", "four.example.test"))
}

func TestCache(t *testing.T) {
	t.Parallel()
	list := write(t, strings.Repeat("four.example.test\nmissing.example.test\n", 3))
	v := serve(t, exampleScript)
	r := look(t, v, 1, "-j", "1", "-t", "A", "-i", list)
	require.Equal(t, 2, lookedUp(t, r))
	require.Contains(t, r.Stderr, "cache: 4 hits, 2 misses")
	r = look(t, v, 1, "-j", "1", "-t", "A", "-no-cache", "-i", list)
	require.Equal(t, 6, lookedUp(t, r))
	require.NotContains(t, r.Stderr, "cache")
}

func TestTransports(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	cert := apptest.NewCertificate(t)
	overTLS := serveOverTLS(t, v, cert)
	overHTTPS := serveOverHTTPS(t, v, cert)
	const want = `"status":"NOERROR","answers":[{"type":"A","ttl":300,"data":"192.0.2.4"}],"absolute":"four.example.test","owner":"four.example.test","origin":"%s","server":"%s"`
	for _, c := range []struct {
		args         []string
		origin, addr string
	}{
		{[]string{"-server", v.addr}, "udp", v.addr},
		{[]string{"-server", v.addr, "-tcp"}, "tcp", v.addr},
		{[]string{"-tls", "localhost@" + overTLS, "-cacert", cert.CertFile}, "tls", overTLS},
		{[]string{"-https", overHTTPS, "-cacert", cert.CertFile}, "https", overHTTPS[strings.LastIndex(overHTTPS, "@")+1:]},
	} {
		t.Run(c.origin, func(t *testing.T) {
			r := program.Run(t, "", nil, append(c.args, "-o", "json", "-t", "A", "-timeout", noTimeout, "four.example.test")...)
			require.Equal(t, 0, r.Code, r.Stderr)
			require.Contains(t, asSent(r.Stdout), fmt.Sprintf(want, c.origin, c.addr))
		})
	}
	t.Run("untrusted", func(t *testing.T) {
		r := program.Run(t, "", nil, "-tls", "localhost@"+overTLS, "-t", "A", "-timeout", noTimeout, "four.example.test")
		require.Equal(t, 1, r.Code)
		require.Contains(t, r.Stderr, "certificate")
	})
}

func serveOverTLS(t testing.TB, v *server, cert *apptest.Certificate) (addr string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert.Pair}})
	require.NoError(t, err)
	var serving sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	serving.Go(func() { v.accept(t.Context(), l, &serving) })
	return l.Addr().String()
}

// serveOverHTTPS returns the value of -https.
func serveOverHTTPS(t *testing.T, v *server, cert *apptest.Certificate) string {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/dns-message")
		reply, _ := v.reply(query)
		_, _ = w.Write(reply)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Pair}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	addr := s.Listener.Addr().String()
	return "https://localhost/dns-query@" + addr
}

// The case of the letters is a secret that a forger must guess.
func TestMixedCase(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("abcdefghij", 5) + ".test"
	var mu sync.Mutex
	var asked []string
	v := &server{
		script: func(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
			return []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 300}, Body: a("192.0.2.1")}}, 0
		},
		raw: func(name string) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, name)
		},
	}
	v.start(t)
	look(t, v, 0, "-t", "A", name)
	look(t, v, 0, "-t", "A", "-0x20", name)
	mu.Lock()
	defer mu.Unlock()
	first, last := asked[0], asked[len(asked)-1]
	require.Equal(t, name+".", first)
	require.NotEqual(t, name+".", last)
	require.Equal(t, name+".", strings.ToLower(last))
}

func TestTrace(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	conf := resolvConf(t, v, "search corp.test")
	hosts := write(t, "198.51.100.1 in-file\n")
	r := program.Run(t, "", nil, "-resolv-conf", conf, "-hosts", hosts, "-4", "-trace", "-timeout", noTimeout, "app", "in-file.", "localhost", "four.example.test", "four.example.test", "missing.")
	require.Equal(t, 1, r.Code, r.Stderr)
	ask := "no special name, not in the hosts file, not in the cache: ask the servers"
	for _, want := range [][]string{
		{
			"lookup: trace of app",
			"name has 0 dots; those with 1 or more are tried as they are before the search list: corp.test",
			"question A app.corp.test",
			"servers A app.corp.test: " + ask,
			"sent A app.corp.test to " + v.addr + ": id ",
			"received A app.corp.test from " + v.addr + ": id ",
			"answer A app.corp.test: 1 from " + v.addr + " over udp, for ",
			"result NOERROR: 192.0.2.7",
		},
		{"lookup: trace of in-file.", "name is absolute: it ends in a dot", "answer A in-file: 1 from the hosts file", "result NOERROR: 198.51.100.1"},
		{"lookup: trace of localhost", "answer A localhost: 1 from the rules for special names"},
		{"lookup: trace of four.example.test", "sent A", "lookup: trace of four.example.test", "answer A four.example.test: 1 from the cache, first from " + v.addr + " over udp"},
		{"lookup: trace of missing.", "answer A missing: none: no such host (NXDOMAIN from " + v.addr + ")", "result NXDOMAIN: no such host"},
	} {
		lines := slices.Collect(strings.Lines(r.Stderr))
		for _, part := range want {
			i := slices.IndexFunc(lines, func(line string) bool {
				return strings.Contains(strings.Join(strings.Fields(line), " "), part)
			})
			require.GreaterOrEqual(t, i, 0, "no line %q after the previous ones of %q in\n%s", part, want, r.Stderr)
			lines = lines[i+1:]
		}
	}
}
