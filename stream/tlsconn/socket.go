package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// MaxPiece is the most bytes that [Socket.TryWrite] takes as a whole or not at all.
const MaxPiece = pieceBytes

// answersRoom is what TryRead wants to be free in the queue. A read of crypto/tls ends at data, or
// after 16 messages that are none: each has an answer of less than 100 bytes, and an alert may
// follow.
const answersRoom = 2 << 10

// Socket is a TLS connection whose operations try and return at once: a connection for a state
// machine, which has no stack that could be suspended. See the package's section on it. It is for
// one caller at a time, Close included.
type Socket struct {
	tls       *tls.Conn
	transport transport
	dry       bool // the last TryRead was told by the kernel that it would block
}

// ServerSocket does the server's side of the handshake on c, and takes the socket of c over, whose
// registration ends. It suspends the caller where the Waiter of c does. The deadlines of c bound
// it, and when ctx is done meanwhile, c is closed. It returns an error for a config with
// renegotiation; config is otherwise used as crypto/tls has it. When an error is returned, c stays
// the caller's.
//
// Nobody else may operate on c: that is [stream.ErrBusy]. Data may have been read already, so the
// first TryRead comes before the first wait.
func ServerSocket(ctx context.Context, c *stream.Conn, config *tls.Config) (*Socket, error) {
	return openSocket(ctx, tls.Server, &Socket{transport: transport{conn: c}}, config)
}

// ClientSocket does the client's side. See [ServerSocket].
func ClientSocket(ctx context.Context, c *stream.Conn, config *tls.Config) (*Socket, error) {
	return openSocket(ctx, tls.Client, &Socket{transport: transport{conn: c, peer: c.RemoteAddr()}}, config)
}

func openSocket(ctx context.Context, side func(net.Conn, *tls.Config) *tls.Conn, s *Socket, config *tls.Config) (*Socket, error) {
	if config.Renegotiation != tls.RenegotiateNever {
		return nil, fmt.Errorf("tlsconn: renegotiation: %w", errors.ErrUnsupported)
	}
	s.tls = side(&s.transport, config)
	if err := s.tls.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	sock, err := s.transport.conn.ReleaseSocket()
	if err != nil {
		return nil, err
	}
	s.transport.conn, s.transport.sock = nil, sock
	return s, nil
}

// TryRead reads up to len(p) bytes. It returns sys.ErrWouldBlock when there is nothing to read, or
// when the peer has to read before it is read from, which [Socket.Awaits] tells apart; io.EOF at
// the end of the stream, and what tls.Conn.Read does. Bytes never come with an error: what follows
// them is the result of the next call.
//
// Only sys.ErrWouldBlock says that nothing is left: crypto/tls may hold decrypted bytes, and
// records, of which no event will tell.
//
// A stream that ends inside a record is io.ErrUnexpectedEOF, also for later calls.
func (s *Socket) TryRead(p []byte) (int, error) {
	s.dry = false
	if s.transport.push() == sys.ErrWouldBlock && s.transport.queued() > MinHigh-answersRoom {
		return 0, sys.ErrWouldBlock
	}
	n, err := s.tls.Read(p)
	if n > 0 {
		// An error that comes with bytes is that of a look at the record behind them, and comes
		// again.
		return n, nil
	}
	if err == errWouldBlock {
		s.dry = true
		if s.transport.queued() == 0 {
			s.transport.queue = nil // an idle connection holds no buffer
		}
		err = sys.ErrWouldBlock
	}
	return n, err
}

// TryWrite makes records of as many bytes of p as it may, and returns how many: all of the next
// MaxPiece as long as the queue is empty. What the kernel does not take is queued, and goes out
// with the next call of any of the methods. When the kernel has not taken what was queued before,
// it takes nothing and returns sys.ErrWouldBlock. So a p of at most MaxPiece bytes is taken as a
// whole or not at all, unless the connection fails. After CloseWrite it is syscall.EPIPE.
func (s *Socket) TryWrite(p []byte) (int, error) {
	err := s.transport.push()
	if s.transport.ended && s.transport.failure == nil {
		err = syscall.EPIPE
	}
	if err != nil {
		return 0, err
	}
	written := 0
	for written < len(p) && s.transport.queued() == 0 {
		n, err := s.tls.Write(p[written:min(len(p), written+MaxPiece)])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// TryFlush gives the kernel what is queued. It returns sys.ErrWouldBlock when it does not take all
// of it; nil says that it has all that was written, and after CloseWrite the end of the stream as
// well.
//
// An error of the connection is the result of each later call that writes. What has arrived can
// still be read.
func (s *Socket) TryFlush() error {
	if err := s.transport.push(); err != nil || !s.transport.ended || s.transport.shut {
		return err
	}
	s.transport.shut = true
	return s.transport.sock.CloseWrite()
}

// CloseWrite sends close_notify and ends the stream below TLS, both behind what is queued; reading
// goes on. It does not wait: it returns what TryFlush does, which goes on with it.
func (s *Socket) CloseWrite() error {
	if !s.transport.ended {
		err := s.tls.CloseWrite()
		s.transport.ended = true
		if err != nil {
			return err
		}
	}
	return s.TryFlush()
}

// Awaits reports whether a wait is due in direction d. For Reading that is when the last TryRead
// has found the kernel without bytes, for Writing as long as bytes are queued. When TryRead has
// returned sys.ErrWouldBlock and only Writing is awaited, the peer asks for answers, does not read
// them and is not read from.
func (s *Socket) Awaits(d sys.Direction) bool {
	if d == sys.Readable {
		return s.dry
	}
	return s.transport.queued() > 0 && s.transport.failure == nil
}

// Queued returns how many bytes are queued, MinHigh at most.
func (s *Socket) Queued() int { return s.transport.queued() }

// Close sends close_notify, unless CloseWrite has, and closes the socket, whose registration must
// have ended. The kernel is offered what is queued once; if something is left it is dropped, and
// the error is [stream.ErrUnsent]. Who wants his last bytes sent calls CloseWrite first, until it
// is done. A second Close returns net.ErrClosed.
func (s *Socket) Close() error {
	if s.transport.sock.Handle() == sys.Invalid {
		return net.ErrClosed
	}
	if s.transport.failure == nil && !s.transport.ended {
		_ = s.tls.CloseWrite() // of a connection that has failed, Close has nothing more to tell
	}
	_ = s.transport.push()
	left := s.transport.queued()
	s.transport.queue, s.transport.sent, s.transport.failure = nil, 0, net.ErrClosed
	err := s.transport.sock.Close()
	if left > 0 {
		return fmt.Errorf("%w: %d bytes", stream.ErrUnsent, left)
	}
	return err
}

// Handle returns the handle to register, or sys.Invalid when the socket is closed.
func (s *Socket) Handle() sys.Handle { return s.transport.sock.Handle() }

// ConnectionState returns what was agreed upon.
func (s *Socket) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }
