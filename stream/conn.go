package stream

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Conn is a connection that suspends its caller, through a [Waiter], where the socket would block.
// It implements net.Conn.
//
// Close, the setters and the addresses may be used from any goroutine at any time. Reads take
// turns, and so do writes, where the Waiter suspends goroutines; from tasks there is one reader and
// one writer at a time (see the package's section on concurrency).
//
// A reset by the peer ends a reader and a writer that are suspended. The kernel reports ECONNRESET
// (on Windows WSAECONNRESET) to one call, after the bytes from before the reset that it has kept.
// The other call, and later ones, return another error or the end of the stream.
type Conn struct {
	endpoint
	local  netip.AddrPort
	remote netip.AddrPort
	ends   *ends // of a connection that is not TCP; otherwise nil

	// exposed is set once a caller has got the handle. It may read urgent data, of which the next
	// event then says nothing, or put TLS in the kernel on top. A short read proves nothing from
	// then on.
	exposed atomic.Bool
}

var _ net.Conn = (*Conn)(nil)

// NewConn makes a connection of s, which must be connected or no socket (see [Adopt]), and
// registers it with w. The Conn owns s from then on; when an error is returned, s stays the
// caller's. If the peer has reset the connection already, its address is unknown, and the first
// call that reads or writes returns that. A socket of datagrams is refused with an error that is
// errors.ErrUnsupported; see [NewPacketConn].
func NewConn(s Socket, w Waiter) (*Conn, error) {
	if s.datagrams != noDatagrams {
		return nil, opError("register", nil, nil, errDatagrams)
	}
	var remote netip.AddrPort
	if !s.file {
		var err error
		if remote, err = s.RemoteAddr(); err != nil && !s.ended(err) {
			return nil, opError("getpeername", nil, nil, err)
		}
	}
	return register(s, remote, w)
}

// ended reports whether a socket without a peer, as err of getpeername(2) says, had one: its stream
// is readable, as the reset is still to be read, or an end. One that was never connected is not
// readable. macOS says EINVAL of a connection that is over.
func (s *Socket) ended(err error) bool {
	if sys.ClassOf(err) != sys.ClassDisconnected && err != syscall.EINVAL {
		return false
	}
	ready := false
	err = s.do(func(h sys.Handle) error {
		fds := [1]sys.PollFD{{Fd: int32(h), Events: sys.PollIn}}
		n, err := sys.Poll(fds[:], 0)
		ready = n == 1 && fds[0].Revents&sys.PollIn != 0
		return err
	})
	return err == nil && ready
}

// register is NewConn for a socket whose peer is known.
func register(s Socket, remote netip.AddrPort, w Waiter) (*Conn, error) {
	c := &Conn{endpoint: endpoint{sock: s}, remote: remote}
	if err := c.findEnds(); err != nil {
		return nil, opError("getsockname", nil, c.RemoteAddr(), err)
	}
	var err error
	if c.reg, err = w.Register(s.Handle()); err != nil {
		return nil, opError("register", c.LocalAddr(), c.RemoteAddr(), err)
	}
	return c, nil
}

// findEnds asks the kernel for the address of this end, and for both where they are not TCP's.
func (c *Conn) findEnds() (err error) {
	if c.sock.file {
		c.ends = &ends{handleAddr{}, handleAddr{}}
		return nil
	}
	c.local, err = c.sock.LocalAddr()
	if err == nil && !c.local.IsValid() {
		c.ends, err = c.sock.unixEnds()
	}
	return err
}

// Read reads up to len(p) bytes and suspends the caller until there is one, the stream ends
// (io.EOF), the read deadline passes or the connection is closed. An empty p reads nothing and does
// not wait.
//
// Bytes that come together with the end of the stream are read before it. The end stays: each later
// Read returns io.EOF. It does not affect writing.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	if err != nil {
		err = c.opError("read", err)
	}
	return n, err
}

func (c *Conn) read(p []byte) (int, error) {
	if err := c.in.take(c.reg); err != nil {
		return 0, err
	}
	defer c.in.give()
	if len(p) == 0 {
		return 0, c.open()
	}
	for {
		if c.in.expired() {
			return 0, c.late()
		}
		// There is nothing to try if the last read took all that there was, and whatever comes next
		// brings an event.
		if !c.in.short || !c.mayDrainShort() {
			n, err := c.sock.TryRead(p)
			if err != sys.ErrWouldBlock {
				c.in.short = err == nil && n < len(p)
				return n, err
			}
		}
		c.in.short = false
		if err := c.in.wait(&c.sock, c.reg, sys.Readable); err != nil {
			return 0, err
		}
	}
}

// mayDrainShort reports whether a short read proves that there are no more bytes. See
// Socket.MayDrainShort and Source.
func (c *Conn) mayDrainShort() bool {
	return c.sock.tcp && !c.exposed.Load() && c.reg.ShortReadDrains()
}

// Write writes all of p, and suspends the caller while the kernel takes no more. When an error is
// returned, so is how many bytes the kernel took before. An empty p writes nothing and does not
// wait.
//
// After a call has returned that the peer has reset the connection, it returns EPIPE, on Windows
// WSAECONNRESET.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.write(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

func (c *Conn) write(p []byte) (int, error) {
	if err := c.out.take(c.reg); err != nil {
		return 0, err
	}
	defer c.out.give()
	if len(p) == 0 {
		return 0, c.open()
	}
	return c.writeAll(p)
}

// writeAll is Write of a caller who has the turn.
func (c *Conn) writeAll(p []byte) (int, error) {
	written := 0
	for {
		if c.out.expired() {
			return written, c.late()
		}
		n, err := c.sock.TryWrite(p[written:])
		written += n
		if n > 0 {
			c.out.progressed()
		}
		switch {
		case written == len(p):
			return written, nil
		case err == sys.ErrWouldBlock:
			err = c.out.wait(&c.sock, c.reg, sys.Writable)
		case err == nil:
			err = yieldIfSpent(c.reg)
		}
		if err != nil {
			return written, err
		}
	}
}

// Close ends the connection and makes running and later calls return net.ErrClosed. Unsent bytes
// are sent in the background, unless [Conn.SetLinger] says otherwise. A second Close returns an
// error that is net.ErrClosed.
func (c *Conn) Close() error {
	if !c.sock.retire() {
		return c.opError("close", net.ErrClosed)
	}
	return c.opError("close", c.end())
}

// CloseWrite ends the stream to the peer, who reads io.EOF after the bytes already written; reading
// goes on. It does not wait. It does nothing to a connection that the peer has reset.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.connected(c.sock.CloseWrite(), sys.Writable))
}

// CloseRead makes reads, also one that is running, return io.EOF once what has arrived is read;
// writing goes on, and the peer is not told.
func (c *Conn) CloseRead() error {
	return c.opError("close", c.connected(c.sock.CloseRead(), sys.Readable))
}

// connected makes who waits in direction d look again after a shutdown. ENOTCONN says that a reset
// came first, and EINVAL on NetBSD, where it has no other meaning for a call that is sound: then
// the stream has ended.
func (c *Conn) connected(err error, d sys.Direction) error {
	if sys.ClassOf(err) == sys.ClassDisconnected || err == syscall.EINVAL {
		err = nil
	}
	if err == nil {
		c.reg.Interrupt(d)
	}
	return callError("shutdown", err)
}

// SetDeadline sets both deadlines. A deadline makes running and later calls return an error that is
// os.ErrDeadlineExceeded once it has passed; the zero time is none. It may be moved while a call
// runs.
//
// A deadline that has passed also ends calls that need not wait. Bytes that have arrived stay for
// later reads.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read and WaitRead.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.setDeadline(&c.in, t, sys.Readable))
}

// SetWriteDeadline sets the deadline of Write, Writev and WaitWrite. Bytes that were written before
// it passed stay written.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.setDeadline(&c.out, t, sys.Writable))
}

// LocalAddr returns the address of this end, a *net.TCPAddr or *net.UnixAddr; for what is no
// socket, "handle". It stays available after Close.
func (c *Conn) LocalAddr() net.Addr {
	if c.ends != nil {
		return c.ends.local
	}
	return netAddr(c.local)
}

// RemoteAddr returns the address of the peer, a *net.TCPAddr or *net.UnixAddr; for what is no
// socket, "handle". It stays available after Close.
func (c *Conn) RemoteAddr() net.Addr {
	if c.ends != nil {
		return c.ends.remote
	}
	return netAddr(c.remote)
}

// LocalAddrPort is LocalAddr of a TCP connection without an allocation.
func (c *Conn) LocalAddrPort() netip.AddrPort { return c.local }

// RemoteAddrPort is RemoteAddr of a TCP connection without an allocation.
func (c *Conn) RemoteAddrPort() netip.AddrPort { return c.remote }

// open returns net.ErrClosed after Close.
func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF || err == sys.ErrWouldBlock {
		return err
	}
	return opError(op, c.LocalAddr(), c.RemoteAddr(), err)
}
