package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// TestGorillaWebsocket has clients that use their connection in the body itself.
func TestGorillaWebsocket(t *testing.T) {
	runForms(t,
		check{"payload", gorillaPayload},
		check{"many", gorillaMany},
		check{"deadline", gorillaDeadline},
		check{"handshake deadline", gorillaHandshake},
		check{"close", gorillaClose},
	)
}

const messageMax = 32 << 20

func gorillaEcho(w http.ResponseWriter, r *http.Request) {
	c, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		kind, m, err := c.ReadMessage()
		if err != nil {
			return
		}
		if err := c.WriteMessage(kind, m); err != nil {
			return
		}
	}
}

func dialGorilla(ctx context.Context, h harness, w *web) (*gorilla.Conn, error) {
	d := gorilla.Dialer{NetDialContext: h.DialContext}
	c, _, err := d.DialContext(ctx, "ws://"+w.addr, nil)
	return c, err
}

func gorillaExchange(c *gorilla.Conn, kind, n int, seed uint64) error {
	want := payload(n, seed)
	if kind == gorilla.TextMessage {
		for i := range want {
			want[i] &= 0x7f // is UTF-8
		}
	}
	if err := c.WriteMessage(kind, want); err != nil {
		return err
	}
	k, got, err := c.ReadMessage()
	if err == nil && k != kind {
		err = fmt.Errorf("got a message of type %d, want %d", k, kind)
	}
	return errors.Join(err, same("message", got, want))
}

// gorillaLeave ends c as RFC 6455 demands.
func gorillaLeave(c *gorilla.Conn) error {
	bye := gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, "bye")
	if err := c.WriteControl(gorilla.CloseMessage, bye, time.Now().Add(patience)); err != nil {
		return err
	}
	_, _, err := c.ReadMessage()
	if !gorilla.IsCloseError(err, gorilla.CloseNormalClosure) {
		return fmt.Errorf("got error %v, want the close message of the peer", err)
	}
	return c.Close()
}

func gorillaPayload(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, gorillaEcho)
	h.Go("client", func(ctx context.Context) error {
		c, err := dialGorilla(ctx, h, w)
		if err != nil {
			return err
		}
		for i, n := range []int{0, 1, 125, 126, 1 << 16, 4<<20 + 1} {
			err := errors.Join(gorillaExchange(c, gorilla.BinaryMessage, n, uint64(i)), gorillaExchange(c, gorilla.TextMessage, n, uint64(i)))
			if err != nil {
				return err
			}
		}
		return errors.Join(gorillaLeave(c), h.Blocking(ctx, w.end))
	})
}

// gorillaMany has a body for each client.
func gorillaMany(t *testing.T, h harness) {
	const clients, messages = 50, 20
	w := protocol{major: 1}.open(t, h, gorillaEcho)
	left := make(chan struct{}, clients)
	for i := range clients {
		h.Go("client", func(ctx context.Context) error {
			c, err := dialGorilla(ctx, h, w)
			if err != nil {
				return err
			}
			for j := range messages {
				if err := gorillaExchange(c, gorilla.BinaryMessage, 1000+j, uint64(i)); err != nil {
					return err
				}
			}
			left <- struct{}{}
			return gorillaLeave(c)
		})
	}
	h.Go("end", func(ctx context.Context) error {
		return h.Blocking(ctx, func() error {
			for range clients {
				select {
				case <-left:
				case <-ctx.Done():
					return w.end()
				}
			}
			return w.end()
		})
	})
}

func gorillaDeadline(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, gorillaEcho)
	h.Go("client", func(ctx context.Context) error {
		c, err := dialGorilla(ctx, h, w)
		if err != nil {
			return err
		}
		if err := c.SetReadDeadline(time.Now().Add(short)); err != nil {
			return err
		}
		_, _, err = c.ReadMessage()
		return errors.Join(mustTimeOut("ReadMessage", err), c.Close(), h.Blocking(ctx, w.end))
	})
}

// gorillaHandshake dials a server that does not answer the handshake. The library turns the
// deadline of the context into one of the connection. It ignores a cancelation meanwhile.
func gorillaHandshake(t *testing.T, h harness) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("server", func(context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		for err == nil {
			_, err = c.Read(make([]byte, 1000))
		}
		return errors.Join(c.Close(), l.Close())
	})
	h.Go("client", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, short)
		defer cancel()
		_, err := dialGorilla(ctx, h, &web{addr: l.Addr().String()})
		return mustTimeOut("Dial", err)
	})
}

// gorillaClose has a server that closes first.
func gorillaClose(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		c, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		bye := gorilla.FormatCloseMessage(gorilla.CloseGoingAway, "bye")
		_ = c.WriteControl(gorilla.CloseMessage, bye, time.Now().Add(patience))
		_, _, _ = c.ReadMessage()
		_ = c.Close()
	})
	h.Go("client", func(ctx context.Context) error {
		c, err := dialGorilla(ctx, h, w)
		if err != nil {
			return err
		}
		_, _, err = c.ReadMessage()
		if !gorilla.IsCloseError(err, gorilla.CloseGoingAway) {
			return fmt.Errorf("got error %v, want the close message of the server", err)
		}
		return errors.Join(c.Close(), h.Blocking(ctx, w.end))
	})
}

// TestCoderWebsocket has clients that wait for goroutines and contexts of the library.
func TestCoderWebsocket(t *testing.T) {
	runForms(t,
		check{"payload", coderPayload},
		check{"many", coderMany},
		check{"deadline", coderDeadline},
		check{"cancel", coderCancel},
		check{"as net.Conn", coderNetConn},
	)
}

func coderEcho(w http.ResponseWriter, r *http.Request) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{CompressionMode: coder.CompressionContextTakeover})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(messageMax)
	for {
		kind, m, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if err := c.Write(context.Background(), kind, m); err != nil {
			return
		}
	}
}

func (w *web) dialCoder() (*coder.Conn, error) {
	c, _, err := coder.Dial(context.Background(), w.url, &coder.DialOptions{HTTPClient: w.client, CompressionMode: coder.CompressionContextTakeover})
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(messageMax)
	return c, nil
}

func coderExchange(c *coder.Conn, n int, seed uint64) error {
	want := payload(n, seed)
	if err := c.Write(context.Background(), coder.MessageBinary, want); err != nil {
		return err
	}
	_, got, err := c.Read(context.Background())
	return errors.Join(err, same("message", got, want))
}

func coderPayload(t *testing.T, h harness) {
	w := protocol{major: 1, secure: true}.open(t, h, coderEcho)
	h.Go("client", blocking(h, func() error {
		c, err := w.dialCoder()
		if err != nil {
			return err
		}
		for i, n := range []int{0, 1, 126, 1 << 16, 1<<20 + 1} {
			if err := coderExchange(c, n, uint64(i)); err != nil {
				return err
			}
		}
		return errors.Join(c.Close(coder.StatusNormalClosure, "bye"), w.end())
	}))
}

func coderMany(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, coderEcho)
	h.Go("clients", blocking(h, func() error {
		err := together(20, func(i int) error {
			c, err := w.dialCoder()
			if err != nil {
				return err
			}
			for j := range 10 {
				if err := coderExchange(c, 1000+j, uint64(i)); err != nil {
					return err
				}
			}
			return c.Close(coder.StatusNormalClosure, "bye")
		})
		return errors.Join(err, w.end())
	}))
}

func coderDeadline(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, coderEcho)
	h.Go("client", blocking(h, func() error {
		c, err := w.dialCoder()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		_, _, err = c.Read(ctx)
		_ = c.CloseNow()
		return errors.Join(mustBe("Read", err, context.DeadlineExceeded), w.end())
	}))
}

// coderCancel cancels a read in the middle of a message.
func coderCancel(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		m, err := c.Writer(context.Background(), coder.MessageBinary)
		if err != nil {
			return
		}
		_, _ = m.Write(payload(64<<10, 1)) // larger than the buffer of the library
		_, _, _ = c.Read(context.Background())
	})
	h.Go("client", blocking(h, func() error {
		c, err := w.dialCoder()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		_, m, err := c.Reader(ctx)
		if err != nil {
			return err
		}
		if _, err := readFull(m, 32<<10); err != nil {
			return err
		}
		cancel()
		for err == nil {
			_, err = m.Read(make([]byte, 1<<10))
		}
		_ = c.CloseNow()
		// The library closes the connection, and its reader returns that error or the one of ctx.
		if !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("Read after cancel: %w", err)
		}
		return w.end()
	}))
}

func coderNetConn(t *testing.T, h harness) {
	w := protocol{major: 1}.open(t, h, coderEcho)
	h.Go("client", blocking(h, func() error {
		c, err := w.dialCoder()
		if err != nil {
			return err
		}
		var n net.Conn = coder.NetConn(context.Background(), c, coder.MessageBinary)
		want := payload(1<<20, 1)
		if _, err := n.Write(want); err != nil {
			return err
		}
		got, err := readFull(n, len(want))
		return errors.Join(err, same("stream", got, want), n.Close(), w.end())
	}))
}
