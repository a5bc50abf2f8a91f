package netresolver

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

const (
	// maxOutstanding bounds the queries of a connection that have no reply yet, or whose reply was
	// not read.
	maxOutstanding = 64
	// maxMessage is the length of the largest message.
	maxMessage = 65535
)

var errOutstanding = errors.New("netresolver: write: too many queries on a connection: read replies first")

// conn is a connection with a strategy as its peer: a stream with length prefixes. No goroutine
// belongs to it. Write starts queries, and Read runs the completions.
type conn struct {
	strategy resolve.Strategy
	server   name
	inbox    *resolve.Inbox
	ready    chan struct{} // receives when the inbox is not empty
	done     chan struct{} // closed by Close, or when the context ends
	detach   func() bool
	read     deadline
	write    deadline

	turn sync.Mutex // held by the Read that runs the inbox

	mu      sync.Mutex // guards all below
	ended   error      // why done is closed
	queries map[*resolve.Query]struct{}
	replies []result // not read yet
	in      []byte   // part of a query
	out     []byte   // rest of a reply that a Read did not have room for
}

// result is a reply, or the error that its Read returns.
type result struct {
	msg []byte
	err error
}

func newConn(ctx context.Context, strategy resolve.Strategy, server name) *conn {
	c := &conn{strategy: strategy, server: server, ready: make(chan struct{}, 1), done: make(chan struct{}),
		read: newDeadline(), write: newDeadline(), queries: make(map[*resolve.Query]struct{})}
	c.inbox = resolve.NewInbox(func() error {
		select {
		case c.ready <- struct{}{}:
		default:
		}
		return nil
	})
	c.detach = context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	return c
}

// Write takes queries in any pieces.
func (c *conn) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if err := c.writable(); err != nil {
			return n, err
		}
		taken, query, err := c.take(p[n:])
		if err == nil && query != nil {
			err = c.ask(query, maxMessage)
		}
		if err != nil {
			return n, err
		}
		n += taken
	}
	return len(p), nil
}

func (c *conn) writable() error {
	switch {
	case isClosed(c.done):
		return c.failure("write")
	case isClosed(c.write.wait()):
		return c.wrap("write", os.ErrDeadlineExceeded)
	}
	return nil
}

// take takes bytes up to the end of a query, and returns that if it is complete.
func (c *conn) take(p []byte) (n int, query []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	want := 2
	if len(c.in) >= 2 {
		want += int(binary.BigEndian.Uint16(c.in))
	}
	n = min(want-len(c.in), len(p))
	c.in = append(c.in, p[:n]...)
	if len(c.in) < want || len(c.in) < 2 || len(c.in) < 2+int(binary.BigEndian.Uint16(c.in)) {
		return n, nil, nil
	}
	query, c.in = c.in[2:], nil
	return n, query, nil
}

// ask starts a query. limit is the length of its largest reply.
func (c *conn) ask(msg []byte, limit int) error {
	request, refusal := parse(msg, limit)
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return c.failure("write")
	}
	if len(c.queries)+len(c.replies) >= maxOutstanding {
		c.mu.Unlock()
		return c.wrap("write", errOutstanding)
	}
	if request == nil {
		if refusal != nil {
			c.replies = append(c.replies, result{msg: refusal})
		}
		c.mu.Unlock()
		c.wake()
		return nil
	}
	query := &resolve.Query{Question: request.question, Inbox: c.inbox}
	query.Done = func(a resolve.Answer, err error) { c.finished(query, request.answer(a, err, time.Now())) }
	c.queries[query] = struct{}{}
	c.mu.Unlock()
	c.strategy.Start(query)
	return nil
}

func (c *conn) finished(query *resolve.Query, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.queries, query)
	c.replies = append(c.replies, r)
}

func (c *conn) wake() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// Read returns the bytes of the next reply, with its length before it.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	if len(c.out) == 0 {
		msg, err := c.next()
		if err != nil {
			return 0, err
		}
		c.out = append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(msg)), uint16(len(msg))), msg...)
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// next waits for a reply. The caller holds turn.
func (c *conn) next() ([]byte, error) {
	for {
		if isClosed(c.done) {
			return nil, c.failure("read")
		}
		if isClosed(c.read.wait()) {
			return nil, c.wrap("read", os.ErrDeadlineExceeded)
		}
		c.inbox.Run(0)
		if r, ok := c.reply(); ok {
			if r.err != nil {
				return nil, c.wrap("read", r.err)
			}
			return r.msg, nil
		}
		select {
		case <-c.ready:
		case <-c.done:
		case <-c.read.wait():
		}
	}
}

func (c *conn) reply() (result, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.replies) == 0 {
		return result{}, false
	}
	r := c.replies[0]
	c.replies = c.replies[1:]
	return r, true
}

// Close ends the queries without a reply.
func (c *conn) Close() error {
	c.detach()
	if !c.end(net.ErrClosed) {
		return c.failure("close")
	}
	return nil
}

// end closes the connection, and reports whether it was open.
func (c *conn) end(cause error) bool {
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return false
	}
	c.ended = cause
	queries := c.queries
	c.queries = nil
	close(c.done)
	c.mu.Unlock()
	for query := range queries {
		query.Cancel()
	}
	c.read.stop()
	c.write.stop()
	return true
}

// failure returns the reason why the connection ended.
func (c *conn) failure(op string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == net.ErrClosed {
		return c.wrap(op, net.ErrClosed)
	}
	return c.ended // of the context: package net knows it without a net.OpError around it
}

func (c *conn) wrap(op string, err error) error {
	return &net.OpError{Op: op, Net: c.server.network, Addr: c.server, Err: err}
}

func (c *conn) LocalAddr() net.Addr  { return c.server }
func (c *conn) RemoteAddr() net.Addr { return c.server }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.setDeadline(&c.read, t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.write, t) }

func (c *conn) setDeadline(d *deadline, t time.Time) error {
	if isClosed(c.done) {
		return c.failure("set")
	}
	d.set(t)
	return nil
}

// packets is a conn that has a query in each Write and a reply in each Read. It is also a
// net.PacketConn, by which package net recognizes the form.
type packets struct{ *conn }

func (c packets) Write(p []byte) (int, error) {
	if err := c.writable(); err != nil {
		return 0, err
	}
	if err := c.ask(p, minPacket); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c packets) Read(p []byte) (int, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	msg, err := c.next()
	return copy(p, msg), err
}

func (c packets) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.server, err
}

func (c packets) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }
