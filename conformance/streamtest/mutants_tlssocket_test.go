package streamtest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
)

// brokenTLSSocket is correct except for the functions that are set.
type brokenTLSSocket struct {
	*tlsconn.Socket
	tryRead    func(p []byte) (int, error)
	tryWrite   func(p []byte) (int, error)
	tryFlush   func() error
	closeWrite func() error
	close      func() error
	awaits     func(d sys.Direction) bool
	queued     func() int
}

func (b *brokenTLSSocket) TryRead(p []byte) (int, error) {
	if b.tryRead != nil {
		return b.tryRead(p)
	}
	return b.Socket.TryRead(p)
}

func (b *brokenTLSSocket) TryWrite(p []byte) (int, error) {
	if b.tryWrite != nil {
		return b.tryWrite(p)
	}
	return b.Socket.TryWrite(p)
}

func (b *brokenTLSSocket) TryFlush() error {
	if b.tryFlush != nil {
		return b.tryFlush()
	}
	return b.Socket.TryFlush()
}

func (b *brokenTLSSocket) CloseWrite() error {
	if b.closeWrite != nil {
		return b.closeWrite()
	}
	return b.Socket.CloseWrite()
}

func (b *brokenTLSSocket) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Socket.Close()
}

func (b *brokenTLSSocket) Awaits(d sys.Direction) bool {
	if b.awaits != nil {
		return b.awaits(d)
	}
	return b.Socket.Awaits(d)
}

func (b *brokenTLSSocket) Queued() int {
	if b.queued != nil {
		return b.queued()
	}
	return b.Socket.Queued()
}

func tlsSockets(change func(b *brokenTLSSocket)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.tlsSocket = func(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) (tlsSocket, error) {
			s, err := shake(ctx, c, config)
			if err != nil {
				return nil, err
			}
			b := &brokenTLSSocket{Socket: s}
			change(b)
			return b, nil
		}
	}
}

// tlsShakes changes the handshake.
func tlsShakes(shake func(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) (*tlsconn.Socket, error)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.tlsSocket = func(ctx context.Context, under tlsShake, c *stream.Conn, config *tls.Config) (tlsSocket, error) {
			s, err := shake(ctx, under, c, config)
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
}

func tlsSocketMutants() []mutant {
	return []mutant{
		broken("a read that would block twice in a row has lost a byte", tlsSockets(func(b *brokenTLSSocket) {
			blocked := 0
			b.tryRead = func(p []byte) (int, error) {
				n, err := b.Socket.TryRead(p)
				if err != nil {
					blocked++
				} else if blocked > 2 {
					n--
				}
				return n, err
			}
		}), "tlssocket/split"),
		broken("decrypted bytes are left when a read would block", tlsSockets(func(b *brokenTLSSocket) {
			full := false
			b.tryRead = func(p []byte) (int, error) {
				if full {
					full = false
					return 0, sys.ErrWouldBlock
				}
				n, err := b.Socket.TryRead(p)
				full = n == len(p) && n > 1
				return n, err
			}
		}), "tlssocket/left"),
		broken("a wait for reading is always due", tlsSockets(func(b *brokenTLSSocket) {
			b.awaits = func(d sys.Direction) bool { return d == sys.Readable || b.Socket.Awaits(d) }
		}), "tlssocket/left"),
		broken("the end comes with the bytes before it", tlsSockets(func(b *brokenTLSSocket) {
			var next []byte
			looked := false // ahead, in vain
			b.tryRead = func(p []byte) (int, error) {
				looked = false
				if len(next) > 0 {
					n := copy(p, next)
					next = next[n:]
					return n, nil
				}
				n, err := b.Socket.TryRead(p)
				if n > 0 {
					ahead := make([]byte, 64)
					m, e := b.Socket.TryRead(ahead)
					next = ahead[:m]
					looked = e == sys.ErrWouldBlock
					if e == io.EOF {
						err = e
					}
				}
				return n, err
			}
			b.awaits = func(d sys.Direction) bool { return (d == sys.Writable || !looked) && b.Socket.Awaits(d) }
		}), "tlssocket/ahead"),
		broken("every end is io.EOF", tlsSockets(func(b *brokenTLSSocket) {
			b.tryRead = func(p []byte) (int, error) {
				n, err := b.Socket.TryRead(p)
				if errors.Is(err, io.ErrUnexpectedEOF) {
					err = io.EOF
				}
				return n, err
			}
		}), "tlssocket/cut"),
		broken("the first bytes behind the handshake are lost", tlsSockets(func(b *brokenTLSSocket) {
			b.Socket.TryRead(make([]byte, len("early")))
		}), "tlssocket/handover"),
		broken("a handshake that fails closes the connection", tlsShakes(func(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) (*tlsconn.Socket, error) {
			s, err := shake(ctx, c, config)
			if err != nil {
				c.Close()
			}
			return s, err
		}), "tlssocket/handshake"),
		broken("sessions are not resumed by tries", tlsShakes(func(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) (*tlsconn.Socket, error) {
			config = config.Clone()
			config.SessionTicketsDisabled = true
			return shake(ctx, c, config)
		}), "tlssocket/resumption"),
		broken("a write that begins to be queued is taken in part", tlsSockets(func(b *brokenTLSSocket) {
			b.tryWrite = func(p []byte) (int, error) {
				n, err := b.Socket.TryWrite(p)
				if b.Socket.Queued() > 0 && n > 1 {
					n--
				}
				return n, err
			}
		}), "tlssocket/pieces"),
		broken("nothing is read while bytes are queued", tlsSockets(func(b *brokenTLSSocket) {
			b.tryRead = func(p []byte) (int, error) {
				if b.Socket.TryFlush() == sys.ErrWouldBlock {
					return 0, sys.ErrWouldBlock
				}
				return b.Socket.TryRead(p)
			}
			b.awaits = func(d sys.Direction) bool {
				return (d == sys.Writable || b.Socket.Queued() == 0) && b.Socket.Awaits(d)
			}
		}), "tlssocket/key-update"),
		broken("answers are queued without a bound", tlsSockets(func(b *brokenTLSSocket) {
			b.queued = func() int { return 64 << 20 }
		}), "tlssocket/flood"),
		broken("CloseWrite does not end the stream below TLS", tlsSockets(func(b *brokenTLSSocket) {
			b.closeWrite = func() error { return b.Socket.TryFlush() }
		}), "tlssocket/end"),
		broken("Close tells the peer nothing", tlsSockets(func(b *brokenTLSSocket) {
			b.close = func() error {
				h := b.Socket.Handle()
				sys.Shutdown(h, sys.ShutBoth)
				return b.Socket.Close()
			}
		}), "tlssocket/close"),
		broken("Close does not say what it has dropped", tlsSockets(func(b *brokenTLSSocket) {
			b.close = func() error {
				err := b.Socket.Close()
				if errors.Is(err, stream.ErrUnsent) || errors.Is(err, net.ErrClosed) {
					err = nil
				}
				return err
			}
		}), "tlssocket/close"),
		broken("an error of sending is told once", tlsSockets(func(b *brokenTLSSocket) {
			var told error
			b.tryFlush = func() error {
				err := b.Socket.TryFlush()
				if err != nil && err != sys.ErrWouldBlock {
					if told != nil {
						return nil
					}
					told = err
				}
				return err
			}
		}), "tlssocket/broken"),
	}
}
