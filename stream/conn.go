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
// Any goroutine may use Close, the setters and the addresses at any time. Reads take turns, and so
// do writes; see the package's section on concurrency.
//
// If the peer resets the connection, a suspended reader and a suspended writer return. The kernel
// reports ECONNRESET (on Windows WSAECONNRESET) to one call, after the bytes from before the reset
// that it has kept. The other call and later calls return another error or the end of the stream.
type Conn struct {
	endpoint
	local  netip.AddrPort
	remote netip.AddrPort
	ends   *ends // of a connection that is not TCP; otherwise nil

	transfer Transfer // moves the bytes; nil if the calls of this package do

	// exposed is set once a caller has obtained the handle. That caller may read urgent data, which
	// the next event then does not report, or enable TLS in the kernel. From then on a short read
	// proves nothing.
	exposed atomic.Bool

	version version // of the network
}

var _ net.Conn = (*Conn)(nil)

// NewConn makes a connection from s and registers it with w. s must be connected, or not a socket
// (see [Adopt]). The Conn owns s from then on; after an error, s stays the caller's.
//
// If the peer has already reset the connection, the peer's address is unknown. The first call that
// reads or writes then returns the reset. NewConn refuses a datagram socket with an error that is
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

// ended reports whether a socket for which getpeername(2) failed with err once had a peer. The
// stream of such a socket is readable, because a reset or an end is still unread. A socket that was
// never connected is not readable. macOS returns EINVAL for a connection that is over.
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
	if c.reg, err = registerWith(w, s.Handle()); err != nil {
		return nil, opError("register", c.LocalAddr(), c.RemoteAddr(), err)
	}
	c.beginTransfer()
	return c, nil
}

// findEnds asks the kernel for the local address, and for both addresses if they are not TCP's.
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

// Read reads up to len(p) bytes. It suspends the caller until at least one byte arrives, the stream
// ends (io.EOF), the read deadline passes or the connection is closed. With an empty p it reads
// nothing and does not wait.
//
// Bytes that arrive together with the end of the stream are read first. The end is permanent: each
// later Read returns io.EOF. It does not affect writing.
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
		// Skip the try if the last read took all that there was and an event will report whatever
		// comes next.
		if !c.in.short || !c.mayDrainShort() {
			n, err := c.tryRead(p)
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

// mayDrainShort reports whether a short read proves that no more bytes are there. See
// Socket.MayDrainShort and Source.
func (c *Conn) mayDrainShort() bool {
	if c.transfer != nil {
		return c.transfer.Drained()
	}
	return c.sock.kind == plainTCP && !c.exposed.Load() && c.reg.ShortReadDrains()
}

// Write writes all of p, and suspends the caller while the kernel takes no more. With an error, it
// returns how many bytes the kernel took before. With an empty p it writes nothing and does not
// wait.
//
// After a call has returned the peer's reset, Write returns EPIPE (on Windows WSAECONNRESET).
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

// writeAll is Write for a caller that holds the turn.
func (c *Conn) writeAll(p []byte) (int, error) {
	written := 0
	for {
		if c.out.expired() {
			return written, c.late()
		}
		n, err := c.tryWrite(p[written:])
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

// Close closes the connection. Running and later calls return net.ErrClosed. The kernel sends
// unsent bytes in the background, unless [Conn.SetLinger] changes that. A second Close returns an
// error that is net.ErrClosed.
func (c *Conn) Close() error {
	if !c.sock.retire() {
		return c.opError("close", net.ErrClosed)
	}
	if c.transfer != nil {
		err := c.reg.Close()
		c.sock.surrender()
		c.transfer.Close()
		return c.opError("close", err)
	}
	return c.opError("close", c.end())
}

// CloseWrite ends the stream to the peer, which reads io.EOF after the bytes already written.
// Reading continues. CloseWrite does not wait. It does nothing if the peer has reset the
// connection.
func (c *Conn) CloseWrite() error {
	closeWrite := c.sock.CloseWrite
	if c.transfer != nil {
		closeWrite = c.transfer.CloseWrite
	}
	return c.opError("close", c.connected(closeWrite(), sys.Writable))
}

// CloseRead makes running and later reads return io.EOF after the bytes that have already arrived.
// Writing continues, and the peer is not notified.
func (c *Conn) CloseRead() error {
	err := c.sock.CloseRead()
	if c.transfer != nil {
		c.transfer.Stop() // Windows leaves a receive in flight, which would never end
	}
	return c.opError("close", c.connected(err, sys.Readable))
}

// connected wakes the waiter in direction d after a shutdown so that it retries. ENOTCONN means
// that a reset came first. So does EINVAL on NetBSD, where a sound call fails with it for no other
// reason. In both cases the stream has ended.
func (c *Conn) connected(err error, d sys.Direction) error {
	if sys.ClassOf(err) == sys.ClassDisconnected || err == syscall.EINVAL {
		err = nil
	}
	if err == nil {
		c.reg.Interrupt(d)
	}
	return callError("shutdown", err)
}

// SetDeadline sets both deadlines. Once a deadline has passed, running and later calls return an
// error that is os.ErrDeadlineExceeded. The zero time means no deadline. A deadline may be moved
// while a call runs.
//
// A deadline that has passed also ends calls that need not wait. Bytes that have arrived remain
// available to later reads.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read and WaitRead.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.localError("set", c.setDeadline(&c.in, t, sys.Readable))
}

// SetWriteDeadline sets the deadline of Write, Writev and WaitWrite. Bytes written before it passes
// stay written.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.localError("set", c.setDeadline(&c.out, t, sys.Writable))
}

// LocalAddr returns the local address, a *net.TCPAddr or *net.UnixAddr. For a handle that is not a
// socket, it returns an address named "handle". The address stays available after Close.
func (c *Conn) LocalAddr() net.Addr {
	if c.ends != nil {
		return c.ends.local
	}
	return netAddr(c.local)
}

// RemoteAddr returns the address of the peer, a *net.TCPAddr or *net.UnixAddr. For a handle that is
// not a socket, it returns an address named "handle". The address stays available after Close.
func (c *Conn) RemoteAddr() net.Addr {
	if c.ends != nil {
		return c.ends.remote
	}
	return netAddr(c.remote)
}

// LocalAddrPort is LocalAddr for a TCP connection, without an allocation.
func (c *Conn) LocalAddrPort() netip.AddrPort { return c.local }

// RemoteAddrPort is RemoteAddr for a TCP connection, without an allocation.
func (c *Conn) RemoteAddrPort() netip.AddrPort { return c.remote }

func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF || err == sys.ErrWouldBlock {
		return err
	}
	return &net.OpError{Op: op, Net: c.network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: callError(op, err)}
}

// localError is opError for an operation that does not concern the peer.
func (c *Conn) localError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.network(), Addr: c.LocalAddr(), Err: callError(op, err)}
}

func (c *Conn) network() string {
	if c.ends != nil {
		return c.ends.local.Network()
	}
	return c.version.network()
}
