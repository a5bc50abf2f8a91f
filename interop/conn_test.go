package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// TestConn runs the checks of package nettest, which describe a net.Conn as package net implements
// it, and the like for listeners.
func TestConn(t *testing.T) {
	runForms(t,
		check{"nettest", connNettest},
		check{"half-close", connHalfClose},
		check{"large", connLarge},
		check{"listener close", listenerClose},
		check{"listener deadline", listenerDeadline},
		check{"dial canceled", dialCanceled},
	)
}

// connNettest uses the connections in goroutines of package nettest. Bodies only make them.
func connNettest(t *testing.T, h harness) {
	pipe := func() (c1, c2 net.Conn, stop func(), err error) {
		type end struct {
			conn net.Conn
			err  error
		}
		l, err := h.Listen(t.Context(), "tcp", loopback)
		if err != nil {
			return nil, nil, nil, err
		}
		defer l.Close()
		accepted, dialed := make(chan end, 1), make(chan end, 1)
		h.Go("accept", func(context.Context) error {
			c, err := l.Accept()
			accepted <- end{c, err}
			return err
		})
		h.Go("dial", func(ctx context.Context) error {
			c, err := h.DialContext(ctx, "tcp", l.Addr().String())
			dialed <- end{c, err}
			return err
		})
		a, d := <-accepted, <-dialed
		if err := errors.Join(a.err, d.err); err != nil {
			return nil, nil, nil, err
		}
		return a.conn, d.conn, func() { a.conn.Close(); d.conn.Close() }, nil
	}
	nettest.TestConn(t, pipe)
}

// pair starts two bodies, each with one end of a TCP connection that is closed after it.
func pair(t *testing.T, h harness, accepts, dials func(c net.Conn) error) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("accepts", func(context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		return errors.Join(accepts(c), c.Close(), l.Close())
	})
	h.Go("dials", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		return errors.Join(dials(c), c.Close())
	})
}

// halfCloser is a connection whose sending direction ends separately.
type halfCloser interface{ CloseWrite() error }

func connHalfClose(t *testing.T, h harness) {
	question, answer := payload(100<<10, 1), payload(200<<10, 2)
	pair(t, h, func(c net.Conn) error {
		got, err := io.ReadAll(c)
		if err != nil {
			return err
		}
		_, err = c.Write(answer)
		return errors.Join(err, same("question", got, question))
	}, func(c net.Conn) error {
		if _, err := c.Write(question); err != nil {
			return err
		}
		if err := c.(halfCloser).CloseWrite(); err != nil {
			return err
		}
		got, err := io.ReadAll(c)
		return errors.Join(err, same("answer", got, answer))
	})
}

func connLarge(t *testing.T, h harness) {
	sent := payload(16<<20, 3)
	pair(t, h, func(c net.Conn) error {
		got, err := readFull(c, len(sent))
		return errors.Join(err, same("transfer", got, sent))
	}, func(c net.Conn) error {
		_, err := c.Write(sent)
		return err
	})
}

func listenerClose(t *testing.T, h harness) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("accepts", func(context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("the connection: %w", err)
		}
		// The dialer closes the listener as soon as it sees the end of the connection.
		if err := c.Close(); err != nil {
			return err
		}
		_, err = l.Accept()
		if err := mustBe("Accept while Close runs", err, net.ErrClosed); err != nil {
			return err
		}
		_, err = l.Accept()
		return mustBe("Accept after Close", err, net.ErrClosed)
	})
	h.Go("dials", func(ctx context.Context) error {
		c, err := h.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		return errors.Join(mustBe("Read", err, io.EOF), c.Close(), l.Close())
	})
}

func listenerDeadline(t *testing.T, h harness) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("accepts", func(context.Context) error {
		d := l.(interface{ SetDeadline(time.Time) error })
		if err := d.SetDeadline(time.Now().Add(short)); err != nil {
			return err
		}
		_, err := l.Accept()
		return errors.Join(mustBe("Accept", err, os.ErrDeadlineExceeded), mustTimeOut("Accept", err), l.Close())
	})
}

func dialCanceled(t *testing.T, h harness) {
	h.Go("dials", func(context.Context) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := h.DialContext(ctx, "tcp", "127.0.0.1:1")
		if err == nil {
			return errors.New("a dial with a canceled context: no error")
		}
		return nil
	})
}
