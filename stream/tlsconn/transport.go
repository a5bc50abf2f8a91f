package tlsconn

import (
	"net"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// transport is the connection that crypto/tls has below a Socket. In the handshake it is the Conn,
// which suspends. Afterwards it only tries: what would block a read is told to crypto/tls, which
// goes on later, and what would block a write is queued, for crypto/tls cannot go on with half of a
// record.
type transport struct {
	conn *stream.Conn  // in the handshake; nil afterwards
	sock stream.Socket // afterwards

	peer    net.Addr // of a client, which keeps its sessions by it
	queue   []byte   // what the kernel has refused, MinHigh at most; of it the first bytes are sent
	sent    int
	failure error // of a write that was tried again: nothing more is sent
	ended   bool  // close_notify was sent, or is queued
	shut    bool  // so was the end of the stream
}

// wouldBlock is a read that would block, in the form in which crypto/tls leaves its state as it is:
// as it does for a deadline that has passed, by which net/http ends the read that it keeps running
// in the background of a request.
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
		// The peer is told nothing after close_notify (RFC 8446, 6.1). An error would make
		// crypto/tls drop the peer's KeyUpdate that it was to answer.
		return len(p), nil
	case t.failure != nil:
		return 0, t.failure
	}
	rest := p
	for t.queued() == 0 && len(rest) > 0 {
		// Until it refuses: only then is there an event to wait for.
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

// push gives the kernel what is queued. It returns sys.ErrWouldBlock when something is left.
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

// Close is called by crypto/tls when the context of a handshake is done.
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

// released is the address of a connection whose Conn is gone. Nobody asks for it but callbacks of a
// tls.Config that kept the connection.
type released struct{}

func (released) Network() string { return "released" }
func (released) String() string  { return "released" }

// What calls these is close_notify of crypto/tls, which here never waits.

func (t *transport) SetDeadline(time.Time) error      { return nil }
func (t *transport) SetReadDeadline(time.Time) error  { return nil }
func (t *transport) SetWriteDeadline(time.Time) error { return nil }
