//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// A server with the cache gives the same answers, byte for byte, as one without: to the first
// request, to the next one, and to later ones, which need no parser.
func TestAnswersAreTheSameWithAndWithoutTheCache(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	modified := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, size := range map[string]int{"4k": 4 << 10, "writer": writerBytes - 200, "ready": readyBytesMax, "over": readyBytesMax + 1, "page.html": 612, "list/style.css": 5000} {
		name = filepath.Join(s.root, name)
		require.NoError(t, os.WriteFile(name, s.big[:size], 0o666))
		require.NoError(t, os.Chtimes(name, modified, modified))
	}
	paths := []string{"/hello.txt", "/empty", "/4k", "/writer", "/ready", "/over", "/page.html", "/list/style.css", "/middle.bin", "/page.html?v=1", "/a%20b/%C3%BC.txt",
		"/list/", "/list", "/indexed/", "/indexed", "/indexed/index.html", "/", "/missing", "//hello.txt", "/list/../hello.txt", "/./hello.txt", "/hello.txt/", "/in",
		"/absolute-in", "/absolute-chain", "/out", "/absolute", "/pipe", "/%68ello.txt", "/odd/%FF.txt", "/q%3F%20100%25/x", "http://h/hello.txt"}
	fields := []string{"", "Connection: keep-alive\r\n", "Range: bytes=1-3\r\n", "Range: bytes=100000000-\r\n",
		"If-Modified-Since: " + modified.Format(http.TimeFormat) + "\r\n", "If-Unmodified-Since: " + modified.Add(-time.Hour).Format(http.TimeFormat) + "\r\n",
		"If-None-Match: *\r\n", "if-match: \"x\"\r\n", "Range: bytes=1-3\r\nIf-Range: \"x\"\r\n", "Content-Length: 0\r\n", "Accept: */*\r\nUser-Agent: x\r\nCookie: a=b\r\n"}
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		want, got := newTranscript(t, s.serve(t, cert, "-file-cache", "0"), cert), newTranscript(t, s.serve(t, cert), cert)
		for _, path := range paths {
			for _, field := range fields {
				for _, method := range []string{"GET", "HEAD", "GET", "GET", "PUT"} {
					request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, path, field)
					if w, g := want.answer(t, method, request), got.answer(t, method, request); w != g {
						t.Fatalf("%q\nwant %.1000q (%d bytes)\ngot  %.1000q (%d bytes)", request, w, len(w), g, len(g))
					}
				}
			}
		}
	})
}

// transcript is a connection of which the answers are read byte for byte.
type transcript struct {
	net.Conn
	r *bufio.Reader
}

func newTranscript(t *testing.T, p *apptest.Process, cert *apptest.Certificate) *transcript {
	c := dial(t, p, cert)
	return &transcript{c, bufio.NewReader(c)}
}

// dateLine matches what differs between two answers to the same request.
var dateLine = regexp.MustCompile(`(?m)^Date: [^\r]*\r$`)

func (c *transcript) answer(t *testing.T, method, request string) string {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := io.WriteString(c, request)
	require.NoError(t, err)
	var head strings.Builder
	for line := ""; line != "\r\n"; head.WriteString(line) {
		line, err = c.r.ReadString('\n')
		require.NoErrorf(t, err, "%q", request)
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head.String())), &http.Request{Method: method})
	require.NoErrorf(t, err, "%q", request)
	var body []byte
	switch {
	case method == http.MethodHead || resp.StatusCode == http.StatusNotModified:
	case resp.ContentLength >= 0:
		body = make([]byte, resp.ContentLength)
		_, err = io.ReadFull(c.r, body)
	default:
		if body, err = io.ReadAll(httputil.NewChunkedReader(c.r)); err == nil {
			_, err = c.r.Discard(len("\r\n"))
		}
	}
	require.NoErrorf(t, err, "%q", request)
	return dateLine.ReplaceAllString(head.String(), "") + string(body)
}

// If package net/http accepts the target of a request that needs no parser, it accepts the request:
// a GET of that target in HTTP/1.1, without a body, after which the connection stays open.
func FuzzRequestsWithoutAParser(f *testing.F) {
	for _, seed := range differentialSeeds() {
		f.Add([]byte(seed))
	}
	f.Add([]byte("GET /x HTTP/1.1\nHost: h\n\r"))
	f.Fuzz(func(t *testing.T, input []byte) {
		header := scan(input)
		target := targetOf(&header)
		if target == nil {
			return
		}
		plain, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n")))
		if err != nil || plain.RequestURI != plain.URL.Path {
			return // such a target never gets into the cache
		}
		from := &head{r: bytes.NewReader(input), left: math.MaxInt64}
		reader := bufio.NewReaderSize(from, len(input)+1)
		req, err := http.ReadRequest(reader)
		if err != nil {
			t.Fatalf("%q: %v", input, err)
		}
		if r := check(req, &header); r != nil {
			t.Errorf("%q: %v", input, r)
		}
		left, _ := io.ReadAll(reader)
		if n := len(input) - len(left); n != header.bytes {
			t.Errorf("%q: package net/http reads %d bytes, and scan %d", input, n, header.bytes)
		}
		if req.Method != http.MethodGet || req.RequestURI != string(target) || req.URL.Path != string(target) || req.Proto != "HTTP/1.1" || req.Close ||
			req.ContentLength != 0 || req.TransferEncoding != nil || req.Trailer != nil {
			t.Errorf("%q: got %+v", input, req)
		}
		for _, name := range []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Expect"} {
			if v := req.Header[name]; v != nil {
				t.Errorf("%q: %s is %q", input, name, v)
			}
		}
	})
}

// A request that arrives in two parts has one answer, wherever it is cut.
func TestRequestInTwoPartsHasOneAnswer(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 10)
	s.write(t, "file", []byte("one"))
	client := s.connect(t)
	client.check(t, "/file", 200, "one")
	const request = "GET /file HTTP/1.1\r\nHost: h\r\n\r\n"
	for cut := 1; cut < len(request); cut++ {
		// The rest comes only once the server has read the first part.
		io.WriteString(client, request[:cut])
		client.untilRead(t)
		io.WriteString(client, request[cut:])
		client.read(t, "/file", 200, "one")
	}
	client.check(t, "/file", 200, "one")
}

// These requests are for the parser, whatever the cache has.
func TestRequestsThatNeedTheParser(t *testing.T) {
	const get = "GET /x HTTP/1.1\r\n"
	needs := func(request string) bool {
		header := scan([]byte(request))
		return targetOf(&header) == nil
	}
	for _, request := range []string{
		"", "GET /x HTTP/1.1", get, get + "Host: h\r\n", get + "Host: h\r\n\r", get + "\r\n", get + "Host: h\r\nHost: h\r\n\r\n", get + "Host: a b\r\n\r\n", get + "Host : h\r\n\r\n",
		"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /x HTTP/1.0\r\nHost: h\r\n\r\n", "get /x HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n" + get + "Host: h\r\n\r\n",
		get + "Host: h\r\nA b: c\r\n\r\n", get + "Host: h\r\nno colon\r\n\r\n", get + "Host: h\r\nword\r\n\r\n", get + "Host: h\r\n: v\r\n\r\n", get + "Host: h\r\nA: \x00\r\n\r\n", get + "Host: h\r\nA: b\r\n c\r\n\r\n",
		get + "Host: h\r\nContent-Length: 0\r\n\r\n", get + "Host: h\r\ntransfer-encoding: chunked\r\n\r\n", get + "Host: h\r\nTrailer: x\r\n\r\n", get + "Host: h\r\nExpect:\r\n\r\n",
		get + "Host: h\r\nConnection: close\r\n\r\n", get + "Host: h\r\nconnection: keep-alive, close\r\n\r\n", get + "Host: h\r\nConnection: Upgrade\r\n\r\n",
		get + "Host: h\r\nrange: bytes=0-\r\n\r\n", get + "Host: h\r\nIF-RANGE: x\r\n\r\n", get + "Host: h\r\nIf-None-Match: *\r\n\r\n",
	} {
		if !needs(request) {
			t.Errorf("%q needs no parser", request)
		}
	}
	for _, request := range []string{
		get + "Host: h\r\n\r\n", get + "Host:\r\n\r\n", "GET /x HTTP/1.1\nhost: h\n\n", get + "Host: h\r\nConnection: Keep-Alive\r\n\r\nGET /y",
		get + "Host: h\r\nUpgrade-Insecure-Requests: 1\r\nReferer: x\r\nIffy: y\r\nAccept: */*\r\n\r\n",
	} {
		if needs(request) {
			t.Errorf("%q needs the parser", request)
		}
	}
}
