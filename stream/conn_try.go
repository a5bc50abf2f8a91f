package stream

import (
	"net"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// TryReadv reads once into segs and never waits; see [Socket.TryReadv]. It ignores the deadlines.
// It returns [ErrBusy] while another call reads. TryReadv and [Conn.ShortReadDrains] make the Conn
// a source for bufstrategy.Fill.
func (c *Conn) TryReadv(segs [][]byte) (int, error) {
	if !c.in.turn.Try() {
		return 0, c.opError("read", ErrBusy)
	}
	defer c.in.give()
	n, err := c.tryReadv(segs)
	c.in.tried(err)
	c.in.short = err == nil && endsInside(segs, n)
	return n, c.opError("read", err)
}

// TryWritev writes once from segs and never waits; see [Socket.TryWritev]. It ignores the
// deadlines. It returns [ErrBusy] while another call writes. TryWritev makes the Conn a sink for
// bufstrategy.Flush.
func (c *Conn) TryWritev(segs [][]byte) (int, error) {
	if !c.out.turn.Try() {
		return 0, c.opError("write", ErrBusy)
	}
	defer c.out.give()
	n, err := c.tryWritev(segs)
	c.out.tried(err)
	return n, c.opError("write", err)
}

// ShortReadDrains reports whether the last read proved that no more bytes are there. The caller may
// then call WaitRead before the next read. Only the caller that reads may call it, between two
// reads. It returns true only if all of these hold:
//
//   - The read stopped inside a segment. A read that filled its last segment may have been cut by
//     the bound on segments.
//   - The handle is a plain TCP socket (see [Socket.MayDrainShort]), and neither SyscallConn nor
//     File has given it away.
//   - The Source promises it. Urgent data, among other causes, ends that promise.
func (c *Conn) ShortReadDrains() bool {
	if !c.in.turn.Try() {
		return false
	}
	defer c.in.give()
	return c.in.short && c.mayDrainShort()
}

// WaitRead suspends the caller until TryReadv is worth calling, the read deadline passes or the
// connection is closed.
func (c *Conn) WaitRead() error { return c.opError("read", c.waitSide(&c.in, sys.Readable)) }

// WaitWrite suspends the caller until TryWritev is worth calling, the write deadline passes or the
// connection is closed.
func (c *Conn) WaitWrite() error { return c.opError("write", c.waitSide(&c.out, sys.Writable)) }

// Writev writes all of v in as few calls as the system allows, and suspends the caller while the
// kernel takes no more. Like net.Buffers.WriteTo it consumes v: what remains in v was not written.
func (c *Conn) Writev(v *net.Buffers) (int64, error) {
	n, err := c.writev(v)
	return n, c.opError("write", err)
}

func (c *Conn) writev(v *net.Buffers) (int64, error) {
	if err := c.out.take(c.reg); err != nil {
		return 0, err
	}
	defer c.out.give()
	if err := c.open(); err != nil {
		return 0, err
	}
	written := int64(0)
	for {
		consume(v, 0)
		if len(*v) == 0 {
			return written, nil
		}
		if c.out.expired() {
			return written, c.late()
		}
		n, err := c.tryWritev(*v)
		written += int64(n)
		consume(v, n)
		if n > 0 {
			c.out.progressed()
		}
		switch {
		case err == sys.ErrWouldBlock:
			err = c.out.wait(&c.sock, c.reg, sys.Writable)
		case err == nil && len(*v) > 0:
			err = yieldIfSpent(c.reg)
		}
		if err != nil {
			return written, err
		}
	}
}

// consume removes n bytes and all leading empty segments from v.
func consume(v *net.Buffers, n int) {
	for len(*v) > 0 && n >= len((*v)[0]) {
		n -= len((*v)[0])
		(*v)[0] = nil
		*v = (*v)[1:]
	}
	if n > 0 {
		(*v)[0] = (*v)[0][n:]
	}
}

// SetNoDelay is [Socket.SetNoDelay].
func (c *Conn) SetNoDelay(on bool) error { return c.set(c.sock.SetNoDelay(on)) }

// SetKeepAlive is [Socket.SetKeepAlive].
func (c *Conn) SetKeepAlive(on bool) error { return c.set(c.sock.SetKeepAlive(on)) }

// SetKeepAlivePeriod is [Socket.SetKeepAlivePeriod].
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error { return c.set(c.sock.SetKeepAlivePeriod(d)) }

// SetLinger is [Socket.SetLinger].
func (c *Conn) SetLinger(seconds int) error { return c.set(c.sock.SetLinger(seconds)) }

// SetReadBuffer is [Socket.SetReadBuffer].
func (c *Conn) SetReadBuffer(n int) error {
	return c.localError("set", callError("setsockopt", c.sock.SetReadBuffer(n)))
}

// SetWriteBuffer is [Socket.SetWriteBuffer].
func (c *Conn) SetWriteBuffer(n int) error {
	return c.localError("set", callError("setsockopt", c.sock.SetWriteBuffer(n)))
}

func (c *Conn) set(err error) error { return c.opError("set", callError("setsockopt", err)) }
