package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// TestConn runs the checks of package nettest, which describe a net.Conn as package net implements
// it, and the like for listeners. It also runs them where operations of the queue move the bytes.
func TestConn(t *testing.T) {
	runIn(t, append(forms(), completing()...),
		check{"nettest", connNettest},
		check{"nettest in bodies", connNettestInBodies},
		check{"half-close", connHalfClose},
		check{"large", connLarge},
		check{"listener close", listenerClose},
		check{"listener deadline", listenerDeadline},
		check{"dial canceled", dialCanceled},
	)
}

// connNettest uses the connections in goroutines of package nettest. Bodies only make them.
func connNettest(t *testing.T, h harness) {
	nettest.TestConn(t, pipes(t, h, func(c net.Conn) net.Conn { return c }))
}

// connNettestInBodies makes each read and each write in a body of its own. In tasks, operations of
// the queue then move the bytes if the stack does that at all.
func connNettestInBodies(t *testing.T, h harness) {
	nettest.TestConn(t, pipes(t, h, func(c net.Conn) net.Conn { return &bodyConn{Conn: c, h: h} }))
}

// bodyConn is a connection that reads and writes in bodies. It starts none after Close: goroutines
// of package nettest may call it after their check has ended.
type bodyConn struct {
	net.Conn
	h harness

	mu     sync.Mutex
	closed bool // guarded by mu
}

func (c *bodyConn) Read(p []byte) (int, error)  { return c.do("read", c.Conn.Read, p) }
func (c *bodyConn) Write(p []byte) (int, error) { return c.do("write", c.Conn.Write, p) }

func (c *bodyConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

func (c *bodyConn) do(name string, call func(p []byte) (int, error), p []byte) (n int, err error) {
	done := make(chan struct{})
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return 0, net.ErrClosed
	}
	c.h.Go(name, func(context.Context) error {
		defer close(done)
		n, err = call(p)
		return nil // the caller judges the error
	})
	c.mu.Unlock()
	<-done
	return n, err
}

// pipes returns what makes the connections of package nettest, which are what wrap returns.
func pipes(t *testing.T, h harness, wrap func(net.Conn) net.Conn) nettest.MakePipe {
	return func() (c1, c2 net.Conn, stop func(), err error) {
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
		c1, c2 = wrap(a.conn), wrap(d.conn)
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	}
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
