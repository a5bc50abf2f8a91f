package tlsconn

import (
	"net"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// transport is the connection below crypto/tls in a Socket. In the handshake it is the Conn, which
// suspends. Afterwards it only tries. If a read would block, crypto/tls gets an error and continues
// later. If a write would block, it is queued, because crypto/tls cannot continue after half a
// record.
type transport struct {
	conn *stream.Conn  // in the handshake; nil afterwards
	sock stream.Socket // afterwards

	peer    net.Addr // of a client, which uses it as the key of its sessions
	queue   []byte   // what the kernel has refused, at most MinHigh; the first sent bytes have left
	sent    int
	failure error // of a retried write: nothing more is sent
	ended   bool  // close_notify was sent, or is queued
	shut    bool  // the end of the stream was sent
}

// wouldBlock is the error of a read that would block. crypto/tls keeps its state after it, as after
// a deadline that has passed. net/http relies on that to end the background read of a request.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "tlsconn: would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errWouldBlock net.Error = wouldBlock{}

func (t *transport) Read(p []byte) (int, error) {
	if t.conn != nil {
		return t.conn.Read(p)
	}
	n, err := t.sock.TryRead(p)
	if err == sys.ErrWouldBlock {
		err = errWouldBlock
	}
	return n, err
}

func (t *transport) Write(p []byte) (int, error) {
	switch {
	case t.conn != nil:
		return t.conn.Write(p)
	case t.ended:
		// Nothing may follow close_notify (RFC 8446, 6.1). An error here would make crypto/tls drop
		// the peer's KeyUpdate that this write answers.
		return len(p), nil
	case t.failure != nil:
		return 0, t.failure
	}
	rest := p
	for t.queued() == 0 && len(rest) > 0 {
		// Write until the kernel refuses: only then is there an event to wait for.
		n, err := t.sock.TryWrite(rest)
		rest = rest[n:]
		if err == sys.ErrWouldBlock {
			break
		}
		if err != nil {
			t.failure = err
			return len(p) - len(rest), err
		}
	}
	if t.queued()+len(rest) > MinHigh {
		// TryRead leaves room for more than crypto/tls sends in one read.
		return 0, ErrFlood
	}
	if t.sent > 0 && len(rest) > 0 {
		t.queue = t.queue[:copy(t.queue, t.queue[t.sent:])]
		t.sent = 0
	}
	t.queue = append(t.queue, rest...)
	return len(p), nil
}

// push gives the queue to the kernel. It returns sys.ErrWouldBlock if something is left.
func (t *transport) push() error {
	for t.failure == nil && t.queued() > 0 {
		n, err := t.sock.TryWrite(t.queue[t.sent:])
		t.sent += n
		if err == sys.ErrWouldBlock {
			return err
		}
		t.failure = err
	}
	if t.failure == nil {
		t.queue, t.sent = t.queue[:0], 0
	}
	return t.failure
}

func (t *transport) queued() int { return len(t.queue) - t.sent }

// Close ends the connection. crypto/tls calls it when the context of a handshake is done.
func (t *transport) Close() error {
	if t.conn != nil {
		return t.conn.Close()
	}
	return net.ErrClosed
}

func (t *transport) LocalAddr() net.Addr {
	if t.conn != nil {
		return t.conn.LocalAddr()
	}
	return released{}
}

func (t *transport) RemoteAddr() net.Addr {
	switch {
	case t.conn != nil:
		return t.conn.RemoteAddr()
	case t.peer != nil:
		return t.peer
	}
	return released{}
}

// released is the address of a connection whose Conn is gone. Only a callback of a tls.Config that
// kept the connection can ask for it.
type released struct{}

func (released) Network() string { return "released" }
func (released) String() string  { return "released" }

// Only the close_notify of crypto/tls calls these methods, and here it never waits.

func (t *transport) SetDeadline(time.Time) error      { return nil }
func (t *transport) SetReadDeadline(time.Time) error  { return nil }
func (t *transport) SetWriteDeadline(time.Time) error { return nil }
