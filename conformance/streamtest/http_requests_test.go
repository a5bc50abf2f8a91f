package streamtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing/iotest"
)

// bodyBytes is many times what one write or one window takes.
const bodyBytes = 2 << 20

func requestScenarios() []scenario {
	return []scenario{
		{"keep-alive", func(w *web) {
			w.serve(echoBody, nil)
			for i := range 5 {
				want := fmt.Sprint("request ", i)
				if _, got := w.do(w.request(http.MethodPost, strings.NewReader(want))); got != want {
					w.Errorf("got %q, want %q", got, want)
				}
			}
			if n := w.accepted.Load(); n != 1 {
				w.Errorf("%d connections for sequential requests", n)
			}
		}},
		{"pipeline", pipelined},
		{"chunked", chunked},
		{"trailers", trailers},
		{"continue", expectations},
		{"head", func(w *web) {
			w.serve(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Length", "5")
				io.WriteString(rw, "hello")
			}, nil)
			response, body := w.do(w.request(http.MethodHead, nil))
			if response.ContentLength != 5 || body != "" {
				w.Errorf("HEAD: length %d, body %q", response.ContentLength, body)
			}
			if _, body := w.get(); body != "hello" || w.accepted.Load() != 1 {
				w.Errorf("GET after HEAD: %q on connection %d", body, w.accepted.Load())
			}
		}},
		{"large-bodies", largeBodies},
		{"canceled", canceledRequest},
		{"many-at-once", manyAtOnce},
		{"http2", streams},
	}
}

// echoBody reads the whole request before it answers, as HTTP/1.1 requires.
func echoBody(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.Write(body) // an error shows as a short body
}

// Requests sent at once are answered in order.
func pipelined(w *web) {
	w.serve(echoBody, nil)
	c := w.raw()
	const requests = 5
	var all bytes.Buffer
	for i := range requests {
		fmt.Fprintf(&all, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d", i)
	}
	_, err := c.Write(all.Bytes())
	w.check(err)
	in := bufio.NewReader(c)
	for i := range requests {
		response, err := http.ReadResponse(in, nil)
		w.check(err)
		body, err := io.ReadAll(response.Body)
		w.check(err)
		if string(body) != fmt.Sprint(i) {
			w.Errorf("answer %d is %q", i, body)
		}
	}
}

// Each chunk arrives when it is flushed, not when the next one comes.
func chunked(w *web) {
	next := make(chan struct{})
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			echoBody(rw, r)
			return
		}
		for i := range 3 {
			fmt.Fprintf(rw, "chunk %d\n", i)
			rw.(http.Flusher).Flush()
			w.await(next)
		}
	}, nil)
	response, err := w.client.Do(w.request(http.MethodGet, nil))
	w.check(err)
	defer response.Body.Close()
	if fmt.Sprint(response.TransferEncoding) != "[chunked]" {
		w.Errorf("transfer encoding %v", response.TransferEncoding)
	}
	in := bufio.NewReader(response.Body)
	for i := range 3 {
		line, err := in.ReadString('\n')
		if want := fmt.Sprintf("chunk %d\n", i); line != want || err != nil {
			w.Errorf("got %q, %v; want %q", line, err, want)
		}
		next <- struct{}{}
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		w.Errorf("after the last chunk: %q, %v", rest, err)
	}
	// A request of unknown length is also sent in chunks.
	sent := strings.Repeat("0123456789", 100)
	if _, got := w.do(w.request(http.MethodPost, iotest.OneByteReader(strings.NewReader(sent)))); got != sent {
		w.Errorf("%d of %d bytes came back", len(got), len(sent))
	}
}

func trailers(w *web) {
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Trailer", "X-Sum")
		io.Copy(rw, r.Body)
		rw.Header().Set("X-Sum", "of "+r.Trailer.Get("X-Request"))
	}, nil)
	r := w.request(http.MethodPost, io.NopCloser(strings.NewReader("body")))
	r.Trailer = http.Header{"X-Request": {"all"}}
	response, body := w.do(r)
	if got := response.Trailer.Get("X-Sum"); body != "body" || got != "of all" {
		w.Errorf("body %q, trailer %q", body, got)
	}
}

// watched is a body that records whether it was read.
type watched struct {
	io.Reader
	touched bool
}

func (b *watched) Read(p []byte) (int, error) {
	b.touched = true
	return b.Reader.Read(p)
}

func (b *watched) Close() error { return nil }

// An announced body is sent if, and only if, the server wants it.
func expectations(w *web) {
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			rw.WriteHeader(http.StatusExpectationFailed)
			return
		}
		echoBody(rw, r)
	}, nil)
	w.transport().ExpectContinueTimeout = never
	for _, refuse := range []string{"", "yes"} {
		body := &watched{Reader: strings.NewReader("announced")}
		r := w.request(http.MethodPost, body)
		r.ContentLength = int64(len("announced"))
		r.Header.Set("Expect", "100-continue")
		r.Header.Set("X-Refuse", refuse)
		response, got := w.do(r)
		switch {
		case refuse == "" && (got != "announced" || response.StatusCode != http.StatusOK):
			w.Errorf("wanted body: %v, %q", response.Status, got)
		case refuse != "" && (body.touched || response.StatusCode != http.StatusExpectationFailed):
			w.Errorf("refused body: %v; it was read: %v", response.Status, body.touched)
		}
	}
}

func largeBodies(w *web) {
	content := bytes.Repeat([]byte("0123456789abcdef"), bodyBytes/16)
	want := fmt.Sprintf("%x", sha256.Sum256(content))
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			rw.Write(content)
			return
		case http.MethodPut:
			if err := http.NewResponseController(rw).EnableFullDuplex(); err != nil {
				w.Error(err)
			}
			io.Copy(rw, r.Body)
			return
		}
		h := sha256.New()
		io.Copy(h, r.Body)
		fmt.Fprintf(rw, "%x", h.Sum(nil))
	}, nil)
	if _, got := w.do(w.request(http.MethodPost, bytes.NewReader(content))); got != want {
		w.Errorf("the server got %s, want %s", got, want)
	}
	if _, got := w.get(); fmt.Sprintf("%x", sha256.Sum256([]byte(got))) != want {
		w.Errorf("the client got %d of %d bytes, or they differ", len(got), len(content))
	}
	if _, got := w.do(w.request(http.MethodPut, bytes.NewReader(content))); got != string(content) {
		w.Errorf("%d of %d bytes came back, both ways at once, or they differ", len(got), len(content))
	}
}

// The end of a request's context ends the request, and the server detects it while its handler
// runs.
func canceledRequest(w *web) {
	begun, ended := make(chan struct{}), make(chan struct{})
	w.serve(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		w.await(r.Context().Done())
		close(ended)
	}, nil)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		response, err := w.client.Do(w.request(http.MethodGet, nil).WithContext(ctx))
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	receive(w, begun, "the request")
	cancel()
	if err := receive(w, failed, "the end of the request"); !errors.Is(err, context.Canceled) {
		w.Errorf("canceled request: %v", err)
	}
	receive(w, ended, "the end of the handler")
}

// gathered returns a handler that answers once n requests are present.
func gathered(n int) http.HandlerFunc {
	var all sync.WaitGroup
	all.Add(n)
	return func(rw http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait()
		fmt.Fprintf(rw, "%d %s", r.ProtoMajor, r.URL.Path)
	}
}

// gather sends n requests at once to such a handler.
func (w *web) gather(n, major int) {
	w.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, fmt.Sprintf("%s/%d", w.server.URL, i), nil)
			if err != nil {
				w.Error(err)
				return
			}
			response, err := w.client.Do(r)
			if err != nil {
				w.Error(err)
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if want := fmt.Sprintf("%d /%d", major, i); string(body) != want || err != nil {
				w.Errorf("got %q, %v; want %q", body, err, want)
			}
		})
	}
	wg.Wait()
}

func manyAtOnce(w *web) {
	const requests = 20
	w.serve(gathered(requests), nil)
	w.gather(requests, 1)
	if n := w.accepted.Load(); n < requests {
		w.Errorf("%d connections for %d concurrent requests", n, requests)
	}
}

// Streams of HTTP/2 share a connection, and its flow control lets large bodies pass both ways.
func streams(w *web) {
	const requests = 50
	handler := gathered(requests)
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			echoBody(rw, r)
			return
		}
		handler(rw, r)
	}, func(s *httptest.Server) { s.EnableHTTP2 = true })
	w.transport().ForceAttemptHTTP2 = true
	// The first request finds out that the server speaks HTTP/2, so the others need not connect.
	sent := strings.Repeat("0123456789abcdef", bodyBytes/16)
	response, got := w.do(w.request(http.MethodPost, strings.NewReader(sent)))
	if response.ProtoMajor != 2 || got != sent {
		w.Errorf("HTTP/%d, %d of %d bytes came back", response.ProtoMajor, len(got), len(sent))
	}
	w.gather(requests, 2)
	if n := w.accepted.Load(); n != 1 {
		w.Errorf("%d connections", n)
	}
}
