package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
)

// The room in the queue that Write waits for. A piece becomes a few records of at most 16 KiB
// together, of which each adds less than 100 bytes; small ones are sent only in the beginning (see
// the DynamicRecordSizingDisabled of tls.Config). The reader's answers are of less than 100 bytes
// each.
const (
	pieceBytes  = 16 << 10
	recordRoom  = pieceBytes + 2<<10
	controlRoom = 4 << 10
)

// MinHigh is the least high mark of a queue below a Conn.
const MinHigh = recordRoom + controlRoom

// ErrFlood is returned by writes when the peer has asked for so many answers, without reading them,
// that the queue is full.
var ErrFlood = errors.New("tlsconn: the peer does not read the answers it asks for")

// Conn is a TLS connection for a task that reads and a task that writes. It implements net.Conn.
//
// Where the Waiter suspends tasks, a second reader, a second writer and whoever comes during the
// handshake get [stream.ErrBusy]; where it suspends goroutines they take turns. Close, the
// deadlines and the addresses may be used from any goroutine at any time.
type Conn struct {
	tls   *tls.Conn
	lower lower

	shaking sync.Mutex  // held by who does the handshake, also while suspended; so are the next two
	reading sync.Mutex  // by who reads
	writing sync.Mutex  // by who writes
	shaken  atomic.Bool // the handshake is done
	closing atomic.Bool // Close was called
}

var _ net.Conn = (*Conn)(nil)

// Client makes a connection that is the client's side of TLS. See [Server].
func Client(q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	return open(tls.Client, q, config)
}

// Server makes a connection that is the server's side of TLS over q, which it owns from then on,
// but for Run. The high mark of q must be at least MinHigh. It returns an error for a config with
// renegotiation; config is otherwise used as crypto/tls has it.
func Server(q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	return open(tls.Server, q, config)
}

func open(side func(net.Conn, *tls.Config) *tls.Conn, q *stream.WriteQueue, config *tls.Config) (*Conn, error) {
	if config.Renegotiation != tls.RenegotiateNever {
		return nil, fmt.Errorf("tlsconn: renegotiation: %w", errors.ErrUnsupported)
	}
	if q.High() < MinHigh {
		return nil, fmt.Errorf("tlsconn: a high mark of %d is below %d: %w", q.High(), MinHigh, stream.ErrWriteTooLong)
	}
	c := &Conn{lower: lower{queue: q}}
	c.tls = side(&c.lower, config)
	return c, nil
}

// take begins an operation. A caller who must not be blocked is sent away instead of being made to
// wait.
func (c *Conn) take(turn *sync.Mutex) error {
	if turn.TryLock() {
		return nil
	}
	if !c.lower.queue.Conn().MayBlock() {
		return stream.ErrBusy
	}
	turn.Lock()
	return nil
}

// Handshake does the handshake, unless it has been done; Read and Write call it. When it returns
// nil the kernel has all of this side's part. When ctx is done meanwhile the connection is closed.
func (c *Conn) Handshake(ctx context.Context) error {
	if c.shaken.Load() {
		return nil
	}
	if err := c.take(&c.shaking); err != nil {
		return err
	}
	defer c.shaking.Unlock()
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
	defer c.reading.Unlock()
	return c.tls.Read(p)
}

// Write writes all of p, and returns when the kernel has it. When an error is returned, so is how
// many bytes have been made into records: these have been sent or, unless the connection has
// failed, will be with what is written next.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.Handshake(context.Background()); err != nil {
		return 0, err
	}
	if err := c.take(&c.writing); err != nil {
		return 0, err
	}
	defer c.writing.Unlock()
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
// ends the stream to the peer; reading goes on.
func (c *Conn) CloseWrite() error {
	if !c.shaken.Load() {
		return errors.New("tlsconn: CloseWrite before the handshake is done")
	}
	if err := c.take(&c.writing); err != nil {
		return err
	}
	defer c.writing.Unlock()
	err := c.tls.CloseWrite()
	c.lower.ended.Store(true)
	if e := c.lower.queue.CloseWrite(); err == nil {
		err = e
	}
	return err
}

// Close sends close_notify, if the handshake is done, and closes the connection as
// [stream.WriteQueue.Close] does: it never waits.
func (c *Conn) Close() error {
	c.closing.Store(true)
	c.lower.prompt.Store(true)
	if !c.shaken.Load() {
		return c.tls.Close()
	}
	// By itself tls.Conn.Close leaves close_notify out while a Write is running, for fear of its
	// lock: here nobody holds that for long.
	err := c.tls.CloseWrite()
	if e := c.tls.Close(); e != nil {
		return e
	}
	return err
}

// ConnectionState returns what was agreed upon; before the handshake is done that is nothing.
func (c *Conn) ConnectionState() tls.ConnectionState {
	if !c.shaken.Load() {
		return tls.ConnectionState{}
	}
	return c.tls.ConnectionState()
}

// Queue returns the queue below the connection.
func (c *Conn) Queue() *stream.WriteQueue { return c.lower.queue }

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.lower.queue.LocalAddr() }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.lower.queue.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.lower.queue.SetDeadline(t) }

// SetReadDeadline sets the deadline of Read. A Read that was late may be called again.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.lower.queue.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of Write and CloseWrite. A Write that was late may be followed
// by another one. In the handshake a deadline that passes is the end of the connection.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.lower.queue.SetWriteDeadline(t) }
