package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestFastHTTP has clients that use their connection in the body itself.
func TestFastHTTP(t *testing.T) {
	runForms(t,
		check{"payload", fastPayload},
		check{"tls", fastTLS},
		check{"many", fastMany},
		check{"large", fastLarge},
		check{"deadline", fastDeadline},
		check{"shutdown", fastShutdown},
	)
}

const (
	fastBodyMax = 64 << 20
	fastIdleMax = 50 * time.Millisecond // how often the library looks whether its goroutines can end
)

// fast is a server of the harness with a client.
type fast struct {
	server *fasthttp.Server
	client *fasthttp.HostClient
}

func openFast(t *testing.T, h harness, secure bool, handler fasthttp.RequestHandler) *fast {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	f := &fast{
		server: &fasthttp.Server{Handler: handler, MaxRequestBodySize: fastBodyMax, CloseOnShutdown: true, MaxIdleWorkerDuration: fastIdleMax},
		client: &fasthttp.HostClient{
			Addr:     l.Addr().String(),
			MaxConns: 64,

			MaxIdleConnDuration: fastIdleMax,
			Dial: func(addr string) (net.Conn, error) {
				return h.DialContext(context.Background(), "tcp", addr)
			},
		},
	}
	if secure {
		f.client.IsTLS = true
		f.server.TLSConfig, f.client.TLSConfig = newTLS(t)
	}
	h.Go("serve", func(context.Context) error {
		if secure {
			return f.server.ServeTLS(l, "", "")
		}
		return f.server.Serve(l)
	})
	return f
}

func (f *fast) end() error {
	f.client.CloseIdleConnections()
	return f.server.Shutdown()
}

func fastEcho(c *fasthttp.RequestCtx) { c.SetBody(bytes.Clone(c.PostBody())) }

// post sends a body of n bytes and expects it back.
func (f *fast) post(n int, seed uint64) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	want := payload(n, seed)
	scheme := "http"
	if f.client.IsTLS {
		scheme = "https"
	}
	req.SetRequestURI(scheme + "://" + f.client.Addr + "/")
	req.Header.SetMethod(fasthttp.MethodPost)
	req.SetBody(want)
	err := f.client.Do(req, resp)
	return errors.Join(err, same("echo", resp.Body(), want))
}

func (f *fast) payloads() error {
	for i, n := range []int{0, 1, 4096, 1 << 16, 1<<20 + 1} {
		if err := f.post(n, uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func fastPayload(t *testing.T, h harness) {
	f := openFast(t, h, false, fastEcho)
	h.Go("client", func(ctx context.Context) error { return errors.Join(f.payloads(), h.Blocking(ctx, f.end)) })
}

func fastTLS(t *testing.T, h harness) {
	f := openFast(t, h, true, fastEcho)
	h.Go("client", func(ctx context.Context) error { return errors.Join(f.payloads(), h.Blocking(ctx, f.end)) })
}

// fastMany has a body for each client.
func fastMany(t *testing.T, h harness) {
	const clients, requests = 50, 20
	f := openFast(t, h, false, fastEcho)
	left := make(chan struct{}, clients)
	for i := range clients {
		h.Go("client", func(context.Context) error {
			for j := range requests {
				if err := f.post(1000+j, uint64(i)); err != nil {
					return err
				}
			}
			left <- struct{}{}
			return nil
		})
	}
	h.Go("end", func(ctx context.Context) error {
		return h.Blocking(ctx, func() error {
			for range clients {
				select {
				case <-left:
				case <-ctx.Done():
					return f.end()
				}
			}
			return f.end()
		})
	})
}

// fastLarge streams a body of unknown length to the client.
func fastLarge(t *testing.T, h harness) {
	want := payload(16<<20, 1)
	f := openFast(t, h, false, func(c *fasthttp.RequestCtx) { c.SetBodyStream(bytes.NewReader(want), -1) })
	f.client.StreamResponseBody = true
	h.Go("client", func(ctx context.Context) error {
		req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		req.SetRequestURI("http://" + f.client.Addr + "/")
		if err := f.client.Do(req, resp); err != nil {
			return err
		}
		got, err := io.ReadAll(resp.BodyStream())
		err = errors.Join(err, same("download", got, want), resp.CloseBodyStream())
		fasthttp.ReleaseResponse(resp)
		return errors.Join(err, h.Blocking(ctx, f.end))
	})
}

func fastDeadline(t *testing.T, h harness) {
	release := make(chan struct{})
	f := openFast(t, h, false, func(*fasthttp.RequestCtx) { <-release })
	h.Go("client", func(ctx context.Context) error {
		req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		req.SetRequestURI("http://" + f.client.Addr + "/")
		err := f.client.DoTimeout(req, resp, short)
		close(release)
		return errors.Join(mustBe("Do", err, fasthttp.ErrTimeout), h.Blocking(ctx, f.end))
	})
}

// fastShutdown begins while a request runs. The request is answered, and then the server ends.
func fastShutdown(t *testing.T, h harness) {
	began := make(chan struct{})
	f := openFast(t, h, false, func(c *fasthttp.RequestCtx) {
		close(began)
		<-c.Done() // the shutdown has begun
		c.SetBody(bytes.Clone(c.PostBody()))
	})
	answered := make(chan error, 1)
	h.Go("client", func(context.Context) error {
		err := f.post(1000, 1)
		answered <- err
		return err
	})
	h.Go("end", blocking(h, func() error {
		select {
		case <-began:
		case err := <-answered:
			return fmt.Errorf("the request ended before it was answered: %w", err)
		}
		err := f.server.Shutdown()
		f.client.CloseIdleConnections()
		return err
	}))
}
