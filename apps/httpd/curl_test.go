//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

func TestCurl(t *testing.T) {
	t.Parallel()
	curl := apptest.Need(t, "curl")
	s := newSite(t)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		log := filepath.Join(t.TempDir(), "access.log")
		server := s.serve(t, cert, "-access-log", log)
		get := func(t *testing.T, path string, args ...string) (out, said string) {
			t.Helper()
			args = append([]string{"-sS", "-v", "--max-time", "20", "--path-as-is"}, args...)
			if cert != nil {
				args = append(args, "--cacert", cert.CertFile)
			}
			c := exec.Command(curl, append(args, server.URL+path)...)
			var stdout, stderr bytes.Buffer
			c.Stdout, c.Stderr = &stdout, &stderr
			if err := c.Run(); err != nil {
				t.Errorf("curl %s %v: %v\n%s", path, args, err, stderr.String())
			}
			return stdout.String(), stderr.String()
		}
		for _, c := range []struct {
			name, path string
			args       []string
			status     string
			body       string // the whole body; "*" for any
			says       string // in the header
		}{
			{"get", "/hello.txt", nil, "200", "hello, world\n", "Content-Type: text/plain"},
			{"empty", "/empty", nil, "200", "", "Content-Length: 0"},
			{"head", "/hello.txt", []string{"-I"}, "200", "*", "Content-Length: 13"},
			{"range", "/hello.txt", []string{"-r", "0-4"}, "206", "hello", "Content-Range: bytes 0-4/13"},
			{"suffix range", "/hello.txt", []string{"-r", "-6"}, "206", "world\n", "Content-Range: bytes 7-12/13"},
			{"several ranges", "/hello.txt", []string{"-r", "0-1,7-8"}, "206", "*", "multipart/byteranges"},
			{"range outside", "/hello.txt", []string{"-r", "100-"}, "416", "*", "Content-Range: bytes */13"},
			{"not modified", "/hello.txt", []string{"-z", filepath.Join(s.root, "hello.txt")}, "304", "", ""},
			{"missing", "/missing", nil, "404", "404 page not found\n", ""},
			{"under a file", "/hello.txt/x", nil, "404", "*", ""},
			{"index", "/indexed/", nil, "200", "<p>index</p>", "text/html"},
			{"listing", "/list/", nil, "200", "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n<a href=\"chain\">chain</a>\n<a href=\"one\">one</a>\n<a href=\"two\">two</a>\n</pre>\n", "Transfer-Encoding: chunked"},
			{"listing of head", "/list/", []string{"-I"}, "200", "*", ""},
			{"slash put behind", "/list", nil, "301", "", "Location: list/"},
			{"escaped", "/a%20b/%C3%BC.txt", nil, "200", "names", ""},
			{"query", "/hello.txt?a=b", nil, "200", "hello, world\n", ""},
			{"http 1.0", "/hello.txt", []string{"-0"}, "200", "hello, world\n", "Connection: close"},
			{"http 1.0 listing", "/list/", []string{"-0"}, "200", "*", "Connection: close"},
			{"close", "/hello.txt", []string{"-H", "Connection: close"}, "200", "hello, world\n", "Connection: close"},
			{"post", "/hello.txt", []string{"-d", "a=b"}, "405", "*", "Allow: GET, HEAD"},
			{"expectation", "/hello.txt", []string{"-X", "GET", "-H", "Expect: 100-continue", "-d", "a=b"}, "200", "hello, world\n", ""},
			{"delete", "/hello.txt", []string{"-X", "DELETE"}, "405", "*", "Allow: GET, HEAD"},
			{"trace", "/hello.txt", []string{"-X", "TRACE"}, "405", "*", "Allow: GET, HEAD"},
			{"options", "/", []string{"-X", "OPTIONS"}, "405", "*", "Allow: GET, HEAD"},
			{"connect", "/", []string{"-X", "CONNECT"}, "405", "*", "Allow: GET, HEAD"},
			{"slash put behind a query's mark", "/q%3F%20100%25?a=%20b", nil, "301", "", "Location: q%3F%20100%25/?a=%20b\r\n"},
			{"slash put behind a colon", "/a:b", nil, "301", "", "Location: ./a:b/\r\n"},
			{"slash put behind what is not UTF-8", "/a:b/%FF", nil, "301", "", "Location: %FF/\r\n"},
			{"slash taken off", "/hello.txt/", nil, "301", "", "Location: ../hello.txt\r\n"},
			{"name that is not UTF-8", "/odd/%FF.txt", nil, "200", "odd", ""},
			{"listing of a name that is not UTF-8", "/odd/", nil, "200", "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n<a href=\"%FF.txt\">\xff.txt</a>\n</pre>\n", ""},
			{"strange expectation", "/hello.txt", []string{"-H", "Expect: tea"}, "417", "*", ""},
			{"link within", "/in", nil, "200", "hello, world\n", ""},
			{"link out", "/out", nil, "404", "404 page not found\n", ""},
			{"absolute link out", "/absolute", nil, "404", "*", ""},
			{"absolute link to a directory outside", "/absolute-outdir/file", nil, "404", "*", ""},
			{"absolute link within", "/absolute-in", nil, "200", "hello, world\n", ""},
			{"absolute link to a directory within", "/absolute-list/one", nil, "200", "1", ""},
			{"absolute link to the root", "/absolute-root/hello.txt", nil, "200", "hello, world\n", ""},
			{"absolute link within, by a link to the root", "/absolute-by-link", nil, "200", "hello, world\n", ""},
			{"chain of absolute links", "/absolute-chain", nil, "200", "hello, world\n", ""},
			{"absolute link out and back", "/absolute-back", nil, "200", "hello, world\n", ""},
			{"absolute link to a link out", "/absolute-in-out", nil, "404", "*", ""},
			{"absolute link through the root out", "/absolute-through", nil, "404", "*", ""},
			{"absolute link to itself", "/absolute-loop", nil, "404", "*", ""},
			{"absolute link to what is missing", "/absolute-missing", nil, "404", "*", ""},
			{"link to a directory outside", "/outdir/file", nil, "404", "*", ""},
			{"link to itself", "/loop", nil, "404", "*", ""},
			{"dangling link", "/dangling", nil, "404", "*", ""},
			{"pipe", "/pipe", nil, "404", "*", ""},
			{"long name", "/" + strings.Repeat("n", 300), nil, "404", "*", ""},
			{"null", "/a%00b", nil, "404", "*", ""},
			{"up", "/../secret.txt", nil, "*", "*", ""},
			{"escaped up", "/%2e%2e/secret.txt", nil, "*", "*", ""},
			{"more escaped up", "/..%2fsecret.txt", nil, "*", "*", ""},
			{"far up", "/list/../../../../../../../../etc/passwd", nil, "*", "*", ""},
			{"backslash up", "/..%5csecret.txt", nil, "404", "*", ""},
		} {
			out, said := get(t, c.path, c.args...)
			if c.status != "*" && !strings.Contains(said, "< HTTP/1.1 "+c.status) || !strings.Contains(said, c.says) || c.body != "*" && out != c.body {
				t.Errorf("%s: got body %.300q, want %q; want %s, %q; curl printed\n%s", c.name, out, c.body, c.status, c.says, said)
			}
			if strings.Contains(out, secret) || strings.Contains(out, "root:") {
				t.Errorf("%s: got a file from outside the root", c.name)
			}
		}
		if out, said := get(t, "/hello.txt", server.URL+"/list/", server.URL+"/big.bin", "-o", os.DevNull, "-o", os.DevNull); out != "hello, world\n" ||
			strings.Count(said, "Re-using existing connection") != 2 {
			t.Errorf("got %q, want the connection to be used three times; curl printed\n%s", out, said)
		}
		if out, _ := get(t, "/big.bin"); !s.isBig([]byte(out)) {
			t.Errorf("got %d bytes, want those of the file", len(out))
		}
		server.Stop(0)
		checkLog(t, log)
	})
}

func checkLog(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	line := regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[A-Z]+ /\S* HTTP/1\.[01]" \d{3} \d+ \d+\.\d{6}$`)
	n := 0
	for l := range strings.Lines(string(text)) {
		if n++; !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("got line %q in the access log", l)
		}
	}
	if n < 35 || !strings.Contains(string(text), `"GET /hello.txt HTTP/1.1" 200 13 `) || !strings.Contains(string(text), `"GET /missing HTTP/1.1" 404 `) {
		t.Errorf("got %d lines in the access log:\n%s", n, text)
	}
}
