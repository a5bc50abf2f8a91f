package tlsconn

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// lower is the connection below crypto/tls: a queue whose writes suspend only in the handshake.
type lower struct {
	queue  *stream.WriteQueue
	prompt atomic.Bool // writes must not suspend: the handshake is done, or Close was called
	ended  atomic.Bool // CloseWrite was called
}

func (l *lower) Write(p []byte) (int, error) {
	if l.ended.Load() {
		// Nothing may follow close_notify (RFC 8446, 6.1). An error here would make crypto/tls drop
		// the peer's KeyUpdate that this write answers.
		return len(p), nil
	}
	if !l.prompt.Load() {
		return l.queue.Write(p)
	}
	if err := l.queue.TryWrite(p); err != nil {
		if err == sys.ErrWouldBlock {
			err = ErrFlood
		}
		return 0, err
	}
	return len(p), nil
}

func (l *lower) Read(p []byte) (int, error) { return l.queue.Read(p) }
func (l *lower) Close() error               { return l.queue.Close() }
func (l *lower) LocalAddr() net.Addr        { return l.queue.LocalAddr() }
func (l *lower) RemoteAddr() net.Addr       { return l.queue.RemoteAddr() }

// Callers set deadlines above crypto/tls. These methods are called only while crypto/tls closes,
// where a deadline would end what the queue still has to send.

func (l *lower) SetDeadline(time.Time) error      { return nil }
func (l *lower) SetReadDeadline(time.Time) error  { return nil }
func (l *lower) SetWriteDeadline(time.Time) error { return nil }
