package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/internal/turn"
)

// Room in the queue that Write waits for. A piece becomes a few records of at most 16 KiB together,
// each with an overhead of less than 100 bytes. Small records occur only at the beginning (see
// DynamicRecordSizingDisabled of tls.Config). Each answer of the reader has less than 100 bytes.
const (
	pieceBytes  = 16 << 10
	recordRoom  = pieceBytes + 2<<10
	controlRoom = 4 << 10
)

// MinHigh is the minimum high mark of a queue below a Conn.
const MinHigh = recordRoom + controlRoom

// ErrFlood is returned by writes if the peer has filled the queue with requests for answers that it
// does not read.
var ErrFlood = errors.New("tlsconn: queue is full: peer requests answers without reading them")

// Conn is a TLS connection for a task that reads and a task that writes. It implements net.Conn.
//
// Callers take turns: a second reader or writer, and any caller during the handshake, waits until
// the first is done. If the Waiter suspends tasks but its Source is no [stream.Suspender], the
// second caller gets [stream.ErrBusy]. Any goroutine may use Close, the deadlines and the addresses
// at any time.
type Conn struct {
	tls   *tls.Conn
	lower lower

	shaking turn.Turn   // held by the caller in the handshake, even while suspended
	reading turn.Turn   // held by the caller in Read, even while suspended
	writing turn.Turn   // held by the caller in Write or CloseWrite, even while suspended
	shaken  atomic.Bool // the handshake is done
	closing atomic.Bool // Close was called
}

var _ net.Conn = (*Conn)(nil)

// Client returns the client side of a TLS connection over q. See [Server].
func Client(q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	return open(tls.Client, q, config)
}

// Server returns the server side of a TLS connection over q. The Conn owns q from then on, except
// for Run. The high mark of q must be at least MinHigh. Server returns an error for a config with
// renegotiation. Apart from that, it uses config as crypto/tls does.
func Server(q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	return open(tls.Server, q, config)
}

func open(side func(net.Conn, *tls.Config) *tls.Conn, q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	if config.Renegotiation != tls.RenegotiateNever {
		return nil, fmt.Errorf("tlsconn: renegotiation: %w", errors.ErrUnsupported)
	}
	if q.High() < MinHigh {
		return nil, fmt.Errorf("tlsconn: high mark of the queue is %d, want at least %d: %w", q.High(), MinHigh, stream.ErrWriteTooLong)
	}
	c := &Conn{lower: lower{queue: q}}
	c.tls = side(&c.lower, config)
	return c, nil
}

// take gives the caller the turn, for which it may have to wait.
func (c *Conn) take(t *turn.Turn) error {
	if t.Try() {
		return nil
	}
	return t.Join(c.lower.queue.Conn().Suspend)
}

// Handshake runs the handshake unless it is done; Read and Write call it. When it returns nil, the
// kernel has everything that this side sends in the handshake. If ctx is done meanwhile, the
// connection is closed.
func (c *Conn) Handshake(ctx context.Context) error {
	if c.shaken.Load() {
		return nil
	}
	if err := c.take(&c.shaking); err != nil {
		return err
	}
	defer c.shaking.Give()
	if c.shaken.Load() {
		return nil
	}
	if err := c.tls.HandshakeContext(ctx); err != nil {
		return err
	}
	c.lower.prompt.Store(true)
	if err := c.lower.queue.Flush(); err != nil {
		return err
	}
	c.shaken.Store(true)
	return nil
}

// Read reads up to len(p) bytes, as tls.Conn does.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.Handshake(context.Background()); err != nil {
		return 0, err
	}
	if err := c.take(&c.reading); err != nil {
		return 0, err
	}
	defer c.reading.Give()
	return c.tls.Read(p)
}

// Write writes all of p and returns when the kernel has it. With an error, it returns how many
// bytes have been made into records. These have been sent or, unless the connection has failed,
// leave with the next write.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.Handshake(context.Background()); err != nil {
		return 0, err
	}
	if err := c.take(&c.writing); err != nil {
		return 0, err
	}
	defer c.writing.Give()
	written := 0
	for written < len(p) {
		if err := c.lower.queue.WaitRoom(MinHigh); err != nil {
			return written, err
		}
		n, err := c.tls.Write(p[written:min(len(p), written+pieceBytes)])
		written += n
		if err != nil && c.closing.Load() {
			err = net.ErrClosed
		}
		if err != nil {
			return written, err
		}
	}
	return written, c.lower.queue.Flush()
}

// CloseWrite sends close_notify, suspends the caller until the kernel has all that was written, and
// ends the stream to the peer. Reading continues.
func (c *Conn) CloseWrite() error {
	if !c.shaken.Load() {
		return errors.New("tlsconn: CloseWrite: handshake is not done")
	}
	if err := c.take(&c.writing); err != nil {
		return err
	}
	defer c.writing.Give()
	err := c.tls.CloseWrite()
	c.lower.ended.Store(true)
	if e := c.lower.queue.CloseWrite(); err == nil {
		err = e
	}
	return err
}

// Close sends close_notify if the handshake is done, and closes the connection as
// [stream.WriteQueue.Close] does. It never waits.
func (c *Conn) Close() error {
	c.closing.Store(true)
	c.lower.prompt.Store(true)
	if !c.shaken.Load() {
		return c.tls.Close()
	}
	// On its own, tls.Conn.Close omits close_notify while a Write is running, because the Write may
	// hold the lock for long. Here no caller holds it for long.
	err := c.tls.CloseWrite()
	if e := c.tls.Close(); e != nil {
		return e
	}
	return err
}

// ConnectionState returns the negotiated parameters, or the zero ConnectionState until the
// handshake is done.
func (c *Conn) ConnectionState() tls.ConnectionState {
	if !c.shaken.Load() {
		return tls.ConnectionState{}
	}
	return c.tls.ConnectionState()
}

// Queue returns the queue below the connection.
func (c *Conn) Queue() *stream.WriteQueue { return c.lower.queue }

// LocalAddr returns the local address.
func (c *Conn) LocalAddr() net.Addr { return c.lower.queue.LocalAddr() }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.lower.queue.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.lower.queue.SetDeadline(t) }

// SetReadDeadline sets the deadline of Read. A Read that exceeded it may be called again.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.lower.queue.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of Write and CloseWrite. After a Write that exceeded it, the
// caller may Write again. A deadline that passes during the handshake ends the connection.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.lower.queue.SetWriteDeadline(t) }
