package streamtest

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
)

func unixMutants() []mutant {
	return []mutant{
		broken("DialContext does not know unix", dialers(func(d *brokenDialer) {
			d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if network == unixNetwork {
					return nil, net.UnknownNetworkError(network)
				}
				return d.dialer.DialContext(ctx, network, address)
			}
		}), "unix/dials"),
		broken("names end at a NUL", dialers(func(d *brokenDialer) {
			d.unix = func(ctx context.Context, name string) (*stream.Conn, error) {
				name, _, _ = strings.Cut(name, "\x00")
				return d.dialer.ConnectUnix(ctx, name)
			}
		}), "unix/names"),
		broken("a path where nobody listens is not there", unixErrors(syscall.ECONNREFUSED, syscall.ENOENT), "unix/nobody"),
		broken("a full queue is a timeout", unixErrors(stream.ErrBacklogFull, syscall.EAGAIN), "unix/full"),
		broken("the path stays", listeners(func(l *brokenListener) {
			l.close = func() error {
				err := l.listener.Close()
				if a := l.listener.Addr(); err == nil && a.Network() == unixNetwork && !strings.HasPrefix(a.String(), "@") {
					os.WriteFile(a.String(), nil, 0o600)
				}
				return err
			}
		}), "unix/path"),
		broken("abstract names lose their mark", listeners(func(l *brokenListener) {
			l.addr = func() net.Addr {
				a, ok := l.listener.Addr().(*net.UnixAddr)
				if !ok {
					return l.listener.Addr()
				}
				return &net.UnixAddr{Name: strings.TrimPrefix(a.Name, "@"), Net: a.Net}
			}
		}), "unix/abstract"),
	}
}

// unixErrors replaces errors of ConnectUnix.
func unixErrors(from, to error) func(f *Fixture) {
	return dialers(func(d *brokenDialer) {
		d.unix = func(ctx context.Context, name string) (*stream.Conn, error) {
			c, err := d.dialer.ConnectUnix(ctx, name)
			if errors.Is(err, from) {
				err = &net.OpError{Op: "dial", Net: unixNetwork, Err: os.NewSyscallError("connect", to)}
			}
			return c, err
		}
	})
}
