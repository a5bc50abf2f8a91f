package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/soheilhy/cmux"
)

func TestCmux(t *testing.T) {
	runForms(t,
		check{"two protocols", cmuxBoth},
		check{"deadline", cmuxDeadline},
	)
}

// cmuxBoth serves HTTP and an echo on one listener, each to many clients.
func cmuxBoth(t *testing.T, h harness) {
	const clients = 20
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	m := cmux.New(l)
	web, other := m.Match(cmux.HTTP1Fast()), m.Match(cmux.Any())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "web")
	})}
	// The three bodies wait for channels of the library.
	h.Go("serve", blocking(h, func() error { return mustBe("Serve", m.Serve(), net.ErrClosed) }))
	h.Go("web", blocking(h, func() error {
		err := server.Serve(web)
		if errors.Is(err, http.ErrServerClosed) || errors.Is(err, cmux.ErrListenerClosed) || errors.Is(err, cmux.ErrServerClosed) {
			return nil
		}
		return err
	}))
	h.Go("echo", blocking(h, func() error {
		for {
			c, err := other.Accept()
			if errors.Is(err, cmux.ErrListenerClosed) || errors.Is(err, cmux.ErrServerClosed) {
				return nil
			}
			if err != nil {
				return err
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}))
	h.Go("clients", func(ctx context.Context) error {
		err := h.Blocking(ctx, func() error {
			transport := &http.Transport{DialContext: h.DialContext}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			return together(2*clients, func(i int) error {
				if i%2 == 0 {
					return cmuxEcho(ctx, h, l.Addr().String(), i)
				}
				resp, err := client.Get("http://" + l.Addr().String())
				if err != nil {
					return err
				}
				got, err := io.ReadAll(resp.Body)
				return errors.Join(err, resp.Body.Close(), same("page", got, []byte("web")))
			})
		})
		// Nothing is left: each client has seen the end of its answer.
		return errors.Join(err, h.Blocking(ctx, func() error { return errors.Join(server.Close(), closeOnce(l)) }))
	})
}

// closeOnce closes c, which may be closed already.
func closeOnce(c io.Closer) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func cmuxEcho(ctx context.Context, h harness, addr string, i int) error {
	c, err := h.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	want := append([]byte("not HTTP: "), payload(50_000, uint64(i))...)
	if _, err := c.Write(want); err != nil {
		return err
	}
	if err := c.(halfCloser).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	return errors.Join(err, same("echo", got, want), c.Close())
}

// cmuxDeadline has a client that sends nothing to match.
func cmuxDeadline(t *testing.T, h harness) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	m := cmux.New(l)
	m.SetReadTimeout(short)
	m.Match(cmux.HTTP1Fast())
	refused := make(chan error, 1)
	m.HandleError(func(err error) bool {
		var none cmux.ErrNotMatched
		if errors.As(err, &none) {
			refused <- err
			return true
		}
		return false
	})
	h.Go("serve", blocking(h, func() error { return mustBe("Serve", m.Serve(), net.ErrClosed) }))
	h.Go("client", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		err = errors.Join(mustBe("Read", err, io.EOF), c.Close())
		// The library closes the connection, then reports why.
		reported := h.Blocking(ctx, func() error {
			<-refused
			return nil
		})
		return errors.Join(err, reported, closeOnce(l))
	})
}
