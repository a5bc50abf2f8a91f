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

// MaxPiece is the maximum number of bytes that [Socket.TryWrite] takes whole or not at all.
const MaxPiece = pieceBytes

// answersRoom is the room in the queue that TryRead needs. A read of crypto/tls ends at data or
// after 16 messages without data. Each message has an answer of less than 100 bytes, and an alert
// may follow.
const answersRoom = 2 << 10

// Socket is a TLS connection whose operations try and return at once. It is for a state machine,
// which has no stack to suspend. See the package's section on it. It supports one caller at once,
// including Close.
type Socket struct {
	tls       *tls.Conn
	transport transport
	dry       bool // the kernel answered the last TryRead with would-block
}

// ServerSocket runs the server side of the handshake on c, then takes over the socket of c and ends
// its registration. It suspends the caller where the Waiter of c does. The deadlines of c bound it.
// If ctx is done meanwhile, c is closed.
//
// ServerSocket returns an error for a config with renegotiation. Apart from that, it uses config as
// crypto/tls does. After an error, c stays the caller's.
//
// If another caller operates on c, ServerSocket returns [stream.ErrBusy]. The handshake may already
// have read data, so the caller must call TryRead before its first wait.
func ServerSocket(ctx context.Context, c *stream.Conn, config *tls.Config) (*Socket, error) {
	return openSocket(ctx, tls.Server, &Socket{transport: transport{conn: c}}, config)
}

// ClientSocket runs the client side of the handshake. See [ServerSocket].
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

// TryRead reads up to len(p) bytes. It returns io.EOF at the end of the stream, and otherwise the
// errors of tls.Conn.Read. It returns sys.ErrWouldBlock if nothing is there to read, or if the peer
// must read before it is read from; [Socket.Awaits] distinguishes the two. Bytes never come with an
// error: what follows them is the result of the next call.
//
// Only sys.ErrWouldBlock means that nothing is left. crypto/tls may hold decrypted bytes and
// records that no event will report.
//
// If the stream ends inside a record, this and all later calls return io.ErrUnexpectedEOF.
func (s *Socket) TryRead(p []byte) (int, error) {
	s.dry = false
	if s.transport.push() == sys.ErrWouldBlock && s.transport.queued() > MinHigh-answersRoom {
		return 0, sys.ErrWouldBlock
	}
	n, err := s.tls.Read(p)
	if n > 0 {
		// An error that comes with bytes is from a look at the next record, and the next call
		// returns it again.
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

// TryWrite makes records from as many bytes of p as possible, and returns how many. While the queue
// is empty, it takes the next MaxPiece bytes completely. It queues what the kernel does not take;
// the next call of any method sends that.
//
// If the kernel has not yet taken the queue of earlier calls, TryWrite takes nothing and returns
// sys.ErrWouldBlock. So it takes a p of at most MaxPiece bytes whole or not at all, unless the
// connection fails. After CloseWrite it returns syscall.EPIPE.
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

// TryFlush gives the queue to the kernel. It returns sys.ErrWouldBlock if the kernel does not take
// all of it. It returns nil if the kernel has everything that was written and, after CloseWrite,
// the end of the stream.
//
// An error of the connection is the result of each later call that writes. What has arrived remains
// readable.
func (s *Socket) TryFlush() error {
	if err := s.transport.push(); err != nil || !s.transport.ended || s.transport.shut {
		return err
	}
	s.transport.shut = true
	return s.transport.sock.CloseWrite()
}

// CloseWrite sends close_notify and ends the stream below TLS, both after what is queued. Reading
// continues. CloseWrite does not wait. It returns the result of TryFlush; further calls of TryFlush
// complete it.
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

// Awaits reports whether the caller should wait in direction d. For Readable it is true if the last
// TryRead found no bytes in the kernel. For Writable it is true while bytes are queued.
//
// If TryRead has returned sys.ErrWouldBlock and Awaits is true only for Writable, the peer requests
// answers without reading them. It is not read from until it does.
func (s *Socket) Awaits(d sys.Direction) bool {
	if d == sys.Readable {
		return s.dry
	}
	return s.transport.queued() > 0 && s.transport.failure == nil
}

// Queued returns the number of queued bytes, at most MinHigh.
func (s *Socket) Queued() int { return s.transport.queued() }

// Close sends close_notify, unless CloseWrite has, and closes the socket. The caller must first end
// the registration. Close offers the queue to the kernel once and drops the rest. If it drops any
// bytes, the error is [stream.ErrUnsent].
//
// A caller that needs its last bytes sent first calls CloseWrite until it is done. A second Close
// returns net.ErrClosed.
func (s *Socket) Close() error {
	if s.transport.sock.Handle() == sys.Invalid {
		return net.ErrClosed
	}
	if s.transport.failure == nil && !s.transport.ended {
		_ = s.tls.CloseWrite() // Close does not report the failure of the connection
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

// Handle returns the handle to register, or sys.Invalid if the socket is closed.
func (s *Socket) Handle() sys.Handle { return s.transport.sock.Handle() }

// ConnectionState returns the negotiated parameters.
func (s *Socket) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }
