package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// protocol is a version of HTTP and what carries it.
type protocol struct {
	major  int
	secure bool
}

func TestHTTP1(t *testing.T) {
	p := protocol{major: 1}
	runForms(t, append(p.checks(),
		check{"half-close", http1HalfClose},
		check{"server deadline", http1ServerDeadline},
	)...)
}

func TestHTTP1TLS(t *testing.T) { runForms(t, protocol{major: 1, secure: true}.checks()...) }

func TestHTTP2TLS(t *testing.T) { runForms(t, protocol{major: 2, secure: true}.checks()...) }

func TestHTTP2Cleartext(t *testing.T) { runForms(t, protocol{major: 2}.checks()...) }

func (p protocol) checks() []check {
	return []check{
		{"payload", p.payloads},
		{"many", p.many},
		{"large", p.large},
		{"file", p.file},
		{"cancel", p.cancelation},
		{"deadline", p.deadline},
		{"shutdown", p.shutdown},
	}
}

// web is a server of the harness with a client.
type web struct {
	server *http.Server
	client *http.Client
	url    string
	addr   string
}

// open starts the body of the server. The body of the client calls web.end at last.
func (p protocol) open(t *testing.T, h harness, handler http.HandlerFunc, options ...func(*http.Server)) *web {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	w := &web{addr: l.Addr().String(), url: "http://" + l.Addr().String()}
	w.server = &http.Server{Handler: handler, Protocols: p.protocols()}
	transport := &http.Transport{DialContext: h.DialContext, Protocols: p.protocols(), MaxIdleConnsPerHost: 64}
	if p.secure {
		var server *tls.Config
		server, transport.TLSClientConfig = newTLS(t)
		w.server.TLSConfig = server
		w.url = "https://" + w.addr
	}
	w.client = &http.Client{Transport: transport}
	for _, set := range options {
		set(w.server)
	}
	h.Go("serve", func(context.Context) error {
		var err error
		if p.secure {
			err = w.server.ServeTLS(l, "", "")
		} else {
			err = w.server.Serve(l)
		}
		return mustBe("Serve", err, http.ErrServerClosed)
	})
	return w
}

func (p protocol) protocols() *http.Protocols {
	all := new(http.Protocols)
	all.SetHTTP1(p.major == 1)
	all.SetHTTP2(p.major == 2 && p.secure)
	all.SetUnencryptedHTTP2(p.major == 2 && !p.secure)
	return all
}

// end shuts w down.
func (w *web) end() error {
	w.client.CloseIdleConnections()
	return w.server.Shutdown(context.Background())
}

// post sends body and returns the answer.
func (p protocol) post(w *web, body io.Reader) ([]byte, error) {
	resp, err := w.client.Post(w.url, "application/octet-stream", body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != p.major || (resp.TLS != nil) != p.secure {
		return nil, fmt.Errorf("got %s with TLS %v, want version %d with TLS %v", resp.Proto, resp.TLS != nil, p.major, p.secure)
	}
	return io.ReadAll(resp.Body)
}

// echo answers with the body of the request, once it has arrived.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body)
}

func (p protocol) payloads(t *testing.T, h harness) {
	w := p.open(t, h, echo)
	h.Go("client", blocking(h, func() error {
		for i, n := range []int{0, 1, 4096, 1<<16 - 1, 1<<20 + 1} {
			want := payload(n, uint64(i))
			got, err := p.post(w, bytes.NewReader(want))
			if err := errors.Join(err, same("echo", got, want)); err != nil {
				return err
			}
		}
		return w.end()
	}))
}

func (p protocol) many(t *testing.T, h harness) {
	const clients, requests = 50, 10
	w := p.open(t, h, echo)
	h.Go("clients", blocking(h, func() error {
		err := together(clients, func(i int) error {
			for j := range requests {
				want := payload(1000+j, uint64(i))
				got, err := p.post(w, bytes.NewReader(want))
				if err := errors.Join(err, same("echo", got, want)); err != nil {
					return err
				}
			}
			return nil
		})
		return errors.Join(err, w.end())
	}))
}

// large copies in both directions at once.
func (p protocol) large(t *testing.T, h harness) {
	const n = 8 << 20
	down := payload(n, 1)
	up := payload(n, 2)
	w := p.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 is so anyway
		w.Header().Set("Trailer", "Fault")
		var all sync.WaitGroup
		all.Go(func() { _, _ = io.Copy(w, bytes.NewReader(down)) })
		got, err := io.ReadAll(r.Body)
		all.Wait()
		if err := errors.Join(err, same("upload", got, up)); err != nil {
			w.Header().Set("Fault", strconv.Quote(err.Error()))
		}
	})
	h.Go("client", blocking(h, func() error {
		resp, err := w.client.Post(w.url, "", io.MultiReader(bytes.NewReader(up))) // of unknown length
		if err != nil {
			return err
		}
		got, err := io.ReadAll(resp.Body)
		err = errors.Join(err, same("download", got, down), resp.Body.Close())
		if fault := resp.Trailer.Get("Fault"); fault != "" {
			err = errors.Join(err, errors.New(fault))
		}
		return errors.Join(err, w.end())
	}))
}

// file is served by sendfile(2) in HTTP/1.1 without TLS.
func (p protocol) file(t *testing.T, h harness) {
	want := payload(8<<20, 4)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	w := p.open(t, h, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	h.Go("client", blocking(h, func() error {
		resp, err := w.client.Get(w.url)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(resp.Body)
		return errors.Join(err, same("file", got, want), resp.Body.Close(), w.end())
	}))
}

// cancelation ends a request after the first bytes of the answer. Both ends notice.
func (p protocol) cancelation(t *testing.T, h harness) {
	noticed := make(chan error, 1)
	seen := make(chan struct{}) // the client has its error; the end of the answer must not come before
	w := p.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		noticed <- context.Cause(r.Context())
		<-seen
	})
	h.Go("client", blocking(h, func() error {
		see := sync.OnceFunc(func() { close(seen) })
		defer see()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
		if err != nil {
			return err
		}
		resp, err := w.client.Do(req)
		if err != nil {
			return err
		}
		begin, err := readFull(resp.Body, len("begin"))
		if err := errors.Join(err, same("begin", begin, []byte("begin"))); err != nil {
			return err
		}
		cancel()
		_, err = resp.Body.Read(make([]byte, 1))
		err = mustBe("Read after cancel", err, context.Canceled)
		see()
		return errors.Join(err, mustBe("handler", <-noticed, context.Canceled), resp.Body.Close(), w.end())
	}))
}

// deadline ends a request that is not answered.
func (p protocol) deadline(t *testing.T, h harness) {
	w := p.open(t, h, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	h.Go("client", blocking(h, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
		if err != nil {
			return err
		}
		_, err = w.client.Do(req)
		return errors.Join(mustBe("Do", err, context.DeadlineExceeded), mustTimeOut("Do", err), w.end())
	}))
}

// shutdown begins while a request runs. The request is answered, and then the server ends.
func (p protocol) shutdown(t *testing.T, h harness) {
	began, ending := make(chan struct{}), make(chan struct{})
	w := p.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-ending
		_, _ = io.WriteString(w, "answer")
	})
	w.server.RegisterOnShutdown(func() { close(ending) })
	h.Go("client", blocking(h, func() error {
		var got []byte
		posted := make(chan error, 1)
		go func() {
			var err error
			got, err = p.post(w, nil)
			posted <- err
		}()
		select {
		case <-began:
		case err := <-posted:
			return fmt.Errorf("the request ended before it was answered: %w", err)
		}
		err := errors.Join(w.server.Shutdown(context.Background()), <-posted)
		w.client.CloseIdleConnections()
		return errors.Join(err, same("answer", got, []byte("answer")))
	}))
}

// http1HalfClose ends the direction of the request first, as netcat does. The body of the client
// uses the connection itself.
func http1HalfClose(t *testing.T, h harness) {
	want := payload(1<<20, 5)
	w := protocol{major: 1}.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(want)
	})
	h.Go("client", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", w.addr)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c, "POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
			return err
		}
		if err := c.(halfCloser).CloseWrite(); err != nil {
			return err
		}
		got, err := io.ReadAll(c)
		_, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
		err = errors.Join(err, same("answer", body, want), c.Close())
		return errors.Join(err, h.Blocking(ctx, w.end))
	})
}

// http1ServerDeadline has a client that sends no request. The server closes the connection.
func http1ServerDeadline(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, func(http.ResponseWriter, *http.Request) {},
		func(s *http.Server) { s.ReadHeaderTimeout = short })
	h.Go("client", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", w.addr)
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		var reset *net.OpError
		if !errors.Is(err, io.EOF) && !errors.As(err, &reset) {
			return fmt.Errorf("Read from a server whose deadline has passed: %v", err)
		}
		return errors.Join(c.Close(), h.Blocking(ctx, w.end))
	})
}
