package streamtest

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
)

// inherited changes what opens sockets from files.
func inherited(i inheritance) func(f *Fixture) { return func(f *Fixture) { f.parts.inherits = i } }

func inheritMutants() []mutant {
	return []mutant{
		broken("an inherited listener takes the path along", inherited(inheritance{listener: func(w stream.Waiter, f *os.File) (*stream.Listener, error) {
			l, err := stream.FileListener(w, f)
			if err == nil {
				l.SetUnlinkOnClose(true)
			}
			return l, err
		}}), "inherit/listener"),
		broken("an inherited connection is adopted as it is", inherited(inheritance{conn: func(w stream.Waiter, f *os.File) (net.Conn, error) {
			c, err := stream.FileConn(w, f)
			if c, ok := c.(*stream.Conn); ok {
				err = c.SetKeepAlive(false)
			}
			return c, err
		}}), "inherit/conn"),
		broken("inherited datagrams end with their file", inherited(inheritance{packets: func(w stream.Waiter, f *os.File) (*stream.PacketConn, error) {
			c, err := stream.FilePacketConn(w, f)
			if err == nil {
				err = c.Close()
			}
			return c, err
		}}), "inherit/packets"),
		broken("a pipe is an inherited connection", inherited(inheritance{conn: func(w stream.Waiter, f *os.File) (net.Conn, error) {
			c, err := stream.FileConn(w, f)
			if !errors.Is(err, syscall.ENOTSOCK) {
				return c, err
			}
			s, err := stream.AdoptDuplicate(f)
			if err != nil {
				return nil, err
			}
			return stream.NewConn(s, w)
		}}), "inherit/refused"),
	}
}

// onlyOf changes the connections that a listener of network accepts.
func onlyOf(network string, change func(b *brokenConn)) func(f *Fixture) {
	return listeners(func(l *brokenListener) {
		l.accept = func() (net.Conn, error) {
			c, err := l.listener.Accept()
			if err != nil || l.listener.Addr().Network() != network {
				return c, err
			}
			b := &brokenConn{conn: c.(conn)}
			change(b)
			return b, nil
		}
	})
}

func unixOptionMutants() []mutant {
	return []mutant{
		broken("a unix-domain dialer has no name", dialerFields(func(d *stream.Dialer) {
			if _, ok := d.LocalAddr.(*net.UnixAddr); ok {
				d.LocalAddr = nil
			}
		}), "unix/local-address"),
		broken("SetUnlinkOnClose is too late", listeners(func(l *brokenListener) { l.unlink = func(bool) {} }), "unix/unlink-on-close"),
		broken("what exceeds a buffer is the next record", onlyOf(recordNetwork, func(b *brokenConn) {
			var rest []byte
			b.read = func(p []byte) (int, error) {
				if len(rest) == 0 {
					whole := make([]byte, 1<<16)
					n, err := b.conn.Read(whole)
					if err != nil {
						return n, err
					}
					rest = whole[:n]
				}
				n := copy(p, rest)
				rest = rest[n:]
				return n, nil
			}
		}), "unix/records"),
		broken("each segment is a record", onlyOf(recordNetwork, func(b *brokenConn) {
			b.writev = func(v *net.Buffers) (int64, error) {
				var total int64
				for _, segment := range *v {
					n, err := b.conn.Write(segment)
					if total += int64(n); err != nil {
						return total, err
					}
				}
				return total, nil
			}
		}), "unix/records"),
		broken("records have the network of streams", listeners(func(l *brokenListener) {
			l.addr = func() net.Addr {
				a, ok := l.listener.Addr().(*net.UnixAddr)
				if !ok {
					return l.listener.Addr()
				}
				return &net.UnixAddr{Name: a.Name, Net: strings.TrimSuffix(a.Net, "packet")}
			}
		}), "unix/records"),
		broken("Multipath TCP is not asked for", dialerFields(func(d *stream.Dialer) { d.MultipathTCP = false }), "options/multipath"),
		broken("TCP is taken for Multipath TCP", listeners(func(l *brokenListener) {
			l.accept = func() (net.Conn, error) {
				c, err := l.listener.Accept()
				if c, ok := c.(*stream.Conn); ok {
					return manyPaths{c}, nil
				}
				return c, err
			}
		}), "options/multipath"),
	}
}

// manyPaths always reports Multipath TCP.
type manyPaths struct{ *stream.Conn }

func (manyPaths) MultipathTCP() (bool, error) { return true, nil }
