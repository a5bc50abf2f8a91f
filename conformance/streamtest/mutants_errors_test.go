package streamtest

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
)

func errorMutants() []mutant {
	return []mutant{
		broken("dial errors have no digit in their network", opErrors(func(e *net.OpError) {
			if e.Net == "tcp4" {
				e.Net = "tcp"
			}
		}), "errors/dial"),
		broken("a canceled dial has the text of its context", opErrors(func(e *net.OpError) {
			if errors.Is(e.Err, context.Canceled) {
				e.Err = context.Canceled
			}
		}), "errors/dial"),
		broken("the local address is missing in errors", opErrors(func(e *net.OpError) { e.Source = nil }), "errors/dial"),
		broken("an address in use is not named", listenConfigs(func(b *brokenListenConfig) {
			b.listen = func(ctx context.Context, network, address string) (*stream.Listener, error) {
				l, err := b.ListenConfig.Listen(ctx, network, address)
				var e *net.OpError
				if errors.As(err, &e) && errors.Is(err, syscall.EADDRINUSE) {
					e.Addr = nil
				}
				return l, err
			}
		}), "errors/listen"),
		broken("a network of streams is unknown", listenConfigs(func(b *brokenListenConfig) {
			b.packets = func(ctx context.Context, network, address string) (*stream.PacketConn, error) {
				if network == "tcp" {
					return nil, &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
				}
				return b.ListenConfig.ListenPacket(ctx, network, address)
			}
		}), "errors/packets"),
		broken("an empty unix name is tried", dialers(func(d *brokenDialer) {
			d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if network == unixNetwork && address == "" {
					c, err := d.dialer.ConnectUnix(ctx, address)
					return c, err
				}
				return d.dialer.DialContext(ctx, network, address)
			}
		}), "errors/unix"),
		broken("errors of deadlines name the peer", conns(func(b *brokenConn) {
			b.setDeadline = func(t time.Time) error {
				err := b.conn.SetDeadline(t)
				if e, ok := err.(*net.OpError); ok {
					e.Source, e.Addr = e.Addr, b.conn.RemoteAddr()
				}
				return err
			}
		}), "errors/calls"),
		broken("a reset does not name the system call", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				n, err := b.conn.Read(p)
				var call *os.SyscallError
				if e, ok := err.(*net.OpError); ok && errors.As(err, &call) {
					e.Err = call.Err
				}
				return n, err
			}
		}), "errors/reset"),
		broken("errors are texts", opErrors(func(e *net.OpError) { e.Err = errors.New(e.Err.Error()) }), "errors/sentinels"),
	}
}

// opErrors changes the errors of DialContext.
func opErrors(change func(e *net.OpError)) func(f *Fixture) {
	return dialers(func(d *brokenDialer) {
		d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := d.dialer.DialContext(ctx, network, address)
			var e *net.OpError
			if errors.As(err, &e) {
				change(e)
			}
			return c, err
		}
	})
}
