package streamtest

import (
	"net"

	"github.com/edgewise-go/edgewise/stream"
)

func unixPathMutants() []mutant {
	cut := func(name string) string {
		if len(name) >= longestPath {
			return name[:longestPath-1]
		}
		return name
	}
	return []mutant{
		broken("senders with the longest names lose a byte", packets(func(b *brokenPackets) {
			b.readFrom = func(p []byte) (int, net.Addr, error) {
				n, from, err := b.packetConn.ReadFrom(p)
				if a, ok := from.(*net.UnixAddr); ok {
					a.Name = cut(a.Name)
				}
				return n, from, err
			}
		}), "packet/unix-longest"),
		broken("senders with the longest names lose a byte in batches", packets(func(b *brokenPackets) {
			b.readBatch = func(ms []stream.Message) (int, error) {
				n, err := b.packetConn.ReadBatch(ms)
				for i := range ms[:n] {
					ms[i].Name = cut(ms[i].Name)
				}
				return n, err
			}
		}), "packet/unix-longest"),
		broken("peers with the longest names have none", listeners(func(b *brokenListener) {
			b.accept = func() (net.Conn, error) {
				c, err := b.listener.Accept()
				if err != nil || len(c.RemoteAddr().String()) < longestPath || c.RemoteAddr().Network() != unixNetwork {
					return c, err
				}
				return nameless{c.(*stream.Conn)}, nil
			}
		}), "unix/longest"),
	}
}

// nameless does not know its peer.
type nameless struct{ *stream.Conn }

func (nameless) RemoteAddr() net.Addr { return &net.UnixAddr{Net: unixNetwork} }
