package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/pires/go-proxyproto"
)

// TestProxyProtocol has bodies that use their connection themselves.
func TestProxyProtocol(t *testing.T) {
	runForms(t,
		check{"version 1", proxyVersion(1)},
		check{"version 2", proxyVersion(2)},
		check{"required", proxyRequired},
		check{"deadline", proxyDeadline},
	)
}

var proxySource = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7).To4(), Port: 4711}

// proxyVersion sends a header and data, in one write and with half-close.
func proxyVersion(version byte) func(t *testing.T, h harness) {
	return func(t *testing.T, h harness) {
		want := payload(1<<20, 1)
		l := listenProxy(t, h, &proxyproto.Listener{})
		h.Go("server", func(context.Context) error {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			if got := c.RemoteAddr().String(); got != proxySource.String() {
				return fmt.Errorf("got remote address %s, want %v", got, proxySource)
			}
			n, err := io.Copy(c, c) // calls WriteTo of the library, and that of the connection
			if err == nil && n != int64(len(want)) {
				err = fmt.Errorf("copied %d bytes, want %d", n, len(want))
			}
			return errors.Join(err, c.Close(), l.Close())
		})
		h.Go("client", func(ctx context.Context) error {
			c, err := h.DialContext(ctx, "tcp", l.Addr().String())
			if err != nil {
				return err
			}
			header, err := proxyproto.HeaderProxyFromAddrs(version, proxySource, c.RemoteAddr()).Format()
			if err != nil {
				return err
			}
			h.Go("sender", func(context.Context) error {
				_, err := c.Write(append(header, want...))
				return errors.Join(err, c.(halfCloser).CloseWrite())
			})
			got, err := io.ReadAll(c)
			return errors.Join(err, same("echo", got, want), c.Close())
		})
	}
}

func listenProxy(t *testing.T, h harness, l *proxyproto.Listener) *proxyproto.Listener {
	inner, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	l.Listener = inner
	return l
}

// proxyRefused has a client that sends first and no header.
func proxyRefused(t *testing.T, h harness, l *proxyproto.Listener, first string, check func(err error) error) {
	l = listenProxy(t, h, l)
	h.Go("server", func(context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		return errors.Join(check(err), closeOnce(c), l.Close())
	})
	h.Go("client", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c, first); err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		var reset *net.OpError
		if !errors.Is(err, io.EOF) && !errors.As(err, &reset) {
			return fmt.Errorf("Read: %v", err)
		}
		return c.Close()
	})
}

func proxyRequired(t *testing.T, h harness) {
	policy := func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) { return proxyproto.REQUIRE, nil }
	proxyRefused(t, h, &proxyproto.Listener{ConnPolicy: policy}, "GET / HTTP/1.0\r\n\r\n", func(err error) error {
		return mustBe("Read", err, proxyproto.ErrNoProxyProtocol)
	})
}

// proxyDeadline ends the wait for the header. The library then takes the connection as one without
// a header, whose deadline has passed.
func proxyDeadline(t *testing.T, h harness) {
	proxyRefused(t, h, &proxyproto.Listener{ReadHeaderTimeout: short}, "", func(err error) error {
		if err == nil {
			return errors.New("Read: no error")
		}
		return nil
	})
}
