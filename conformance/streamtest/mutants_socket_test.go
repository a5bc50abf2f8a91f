package streamtest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func socketMutants() []mutant {
	return []mutant{
		broken("TryReadv of nothing is success", sockets(func(s *brokenSocket) {
			s.tryReadv = func(segs [][]byte) (int, error) {
				n, err := s.socket.TryReadv(segs)
				if err == sys.ErrWouldBlock {
					err = nil
				}
				return n, err
			}
		}), "socket/would-block"),
		broken("TryWritev counts one too few", sockets(func(s *brokenSocket) {
			s.tryWritev = func(segs [][]byte) (int, error) {
				n, err := s.socket.TryWritev(segs)
				return max(n-1, 0), err
			}
		}), "socket/partial"),
		broken("TryReadv does not tell the end", sockets(func(s *brokenSocket) {
			s.tryReadv = func(segs [][]byte) (int, error) {
				n, err := s.socket.TryReadv(segs)
				if err == io.EOF {
					err = nil
				}
				return n, err
			}
		}), "socket/end"),
		broken("the handle stays after close", sockets(func(s *brokenSocket) {
			h := s.socket.Handle()
			s.handle = func() sys.Handle { return h }
		}), "socket/closed"),
		broken("adopted handles stay blocking", sockets(func(s *brokenSocket) {
			if _, err := sys.PeerAddr(s.socket.Handle()); err == nil {
				if err := unblock(s.socket.Handle()); err != nil {
					panic(err)
				}
			}
		}), "socket/adopted"),
		broken("writable is taken for connected", sockets(func(s *brokenSocket) {
			s.finish = func() error {
				err := s.socket.FinishConnect()
				if errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, stream.ErrSelfConnect) {
					return nil
				}
				return err
			}
		}), "connect/refused"),
		broken("no error is taken for connected", sockets(func(s *brokenSocket) {
			s.finish = func() error {
				err := s.socket.FinishConnect()
				if err == sys.ErrWouldBlock {
					return nil
				}
				return err
			}
		}), "connect/spurious"),
		broken("a connection to itself is a connection", sockets(func(s *brokenSocket) {
			pass := func(err error) error {
				if errors.Is(err, stream.ErrSelfConnect) {
					return nil
				}
				return err
			}
			s.start = func(addr netip.AddrPort) error { return pass(s.socket.StartConnect(addr)) }
			s.finish = func() error { return pass(s.socket.FinishConnect()) }
		}), "connect/self"),
	}
}

func dialMutants() []mutant {
	return []mutant{
		broken("the context of a dial ends the connection", dialers(func(d *brokenDialer) {
			d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := d.dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &brokenConn{conn: c.(conn), read: func(p []byte) (int, error) {
					if ctx.Err() != nil {
						c.Close()
					}
					return c.Read(p)
				}}, nil
			}
		}), "dial/connects"),
		broken("dial errors are bare", dialErrors(func(err error) error {
			var e *net.OpError
			if errors.As(err, &e) {
				return e.Err
			}
			return err
		}), "dial/refused"),
		broken("a dial without a Waiter ends with another error", dialers(func(d *brokenDialer) {
			d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := d.dialer.DialContext(ctx, network, address)
				if errors.Is(err, stream.ErrNoWaiter) {
					err = net.ErrClosed
				}
				return c, err
			}
		}), "dial/no-waiter"),
		broken("only the first address is tried", dialers(func(d *brokenDialer) {
			d.connect = func(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, hungDial)
				defer cancel()
				return d.dialer.Connect(ctx, addrs[0])
			}
		}), "dial/next-address"),
		broken("a late dial is no timeout", dialErrors(func(err error) error {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return &net.OpError{Op: "dial", Net: "tcp", Err: errBroken}
			}
			return err
		}), "dial/deadline"),
		broken("a canceled dial does not say so", dialErrors(func(err error) error {
			if errors.Is(err, context.Canceled) {
				return &net.OpError{Op: "dial", Net: "tcp", Err: errBroken}
			}
			return err
		}), "dial/canceled"),
		broken("a failed dial leaves its socket", dialErrors(func(err error) error {
			if err != nil {
				stream.OpenTCP(sys.IPv4)
			}
			return err
		}), "dial/no-leak"),
	}
}

// dialErrors changes the errors of Connect.
func dialErrors(change func(error) error) func(f *Fixture) {
	return dialers(func(d *brokenDialer) {
		d.connect = func(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error) {
			c, err := d.dialer.Connect(ctx, addrs...)
			return c, change(err)
		}
	})
}
