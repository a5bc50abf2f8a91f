//go:build unix

package streamtest

import (
	"io"
	"net"
	"net/netip"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// lost returns the handle of c if its non-blocking flag is gone.
func lost(c syscall.Conn) (fd int, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(h uintptr) {
		on, err := sys.IsNonblock(sys.Handle(h))
		fd, ok = int(h), err == nil && !on
	})
	return fd, ok && err == nil
}

// lostFlagMutants leave the flag as it is, and block. They notify Go's scheduler; otherwise a
// garbage collection would stop the proof.
func lostFlagMutants() []mutant {
	return []mutant{
		broken("reads block without the flag", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				if fd, ok := lost(b.conn); ok {
					return syscall.Read(fd, p)
				}
				return b.conn.Read(p)
			}
		}), "lost-flag/tcp"),
		broken("reads of what is no socket block without the flag", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				if fd, ok := lost(b.conn); ok {
					if kind, _ := sys.KindOf(sys.Handle(fd)); kind == sys.KindFile {
						return syscall.Read(fd, p)
					}
				}
				return b.conn.Read(p)
			}
		}), "lost-flag/terminal"),
		broken("writes block without the flag", conns(func(b *brokenConn) {
			b.write = func(p []byte) (int, error) {
				if fd, ok := lost(b.conn); ok {
					return syscall.Write(fd, p)
				}
				return b.conn.Write(p)
			}
		}), "lost-flag/pipe"),
		broken("datagrams are received by a call that blocks without the flag", packets(func(b *brokenPackets) {
			b.read = func(p []byte) (int, netip.AddrPort, error) {
				if fd, ok := lost(b.packetConn); ok {
					n, err := syscall.Read(fd, p)
					return n, netip.AddrPort{}, err
				}
				return b.packetConn.ReadFromAddrPort(p)
			}
		}), "lost-flag/datagrams"),
		broken("functions of SyscallConn run without the flag", packets(func(b *brokenPackets) {
			b.raw = func() (syscall.RawConn, error) {
				r, err := b.packetConn.SyscallConn()
				return blockingRaw{r}, err
			}
		}), "lost-flag/raw"),
		broken("copies read a socket that blocks without the flag", conns(func(b *brokenConn) {
			b.readFrom = func(r io.Reader) (int64, error) {
				if from, ok := r.(syscall.Conn); ok {
					if fd, ok := lost(from); ok {
						p := make([]byte, 1)
						n, err := syscall.Read(fd, p)
						if n <= 0 {
							return 0, err
						}
						if _, err := b.conn.Write(p); err != nil {
							return 0, err
						}
						more, err := b.conn.ReadFrom(r)
						return more + 1, err
					}
				}
				return b.conn.ReadFrom(r)
			}
		}), "lost-flag/copy"),
		broken("files are sent to a socket that blocks without the flag", conns(func(b *brokenConn) {
			b.readFrom = func(r io.Reader) (int64, error) {
				fd, ok := lost(b.conn)
				if _, file := r.(io.Seeker); !ok || !file {
					return b.conn.ReadFrom(r)
				}
				p, err := io.ReadAll(r)
				if err != nil {
					return 0, err
				}
				n, err := syscall.Write(fd, p)
				return int64(n), err
			}
		}), "lost-flag/sendfile"),
		broken("a listener that lost the flag blocks", listeners(func(b *brokenListener) {
			b.accept = func() (net.Conn, error) {
				if c, ok := b.listener.(syscall.Conn); ok {
					if fd, ok := lost(c); ok {
						if n, _, err := syscall.Accept(fd); err == nil {
							_ = syscall.Close(n)
						}
						return nil, errBroken
					}
				}
				return b.listener.Accept()
			}
		}), "lost-flag/listener-file"),
		broken("an adopted listener that lost the flag blocks", sockets(func(b *brokenSocket) {
			b.tryAccept = func() (stream.Socket, netip.AddrPort, error) {
				if on, err := sys.IsNonblock(b.socket.Handle()); err == nil && !on {
					if n, _, err := syscall.Accept(int(b.socket.Handle())); err == nil {
						_ = syscall.Close(n)
					}
					return stream.Socket{}, netip.AddrPort{}, errBroken
				}
				return b.socket.TryAccept()
			}
		}), "lost-flag/inherited-listener"),
	}
}

// blockingRaw clears the non-blocking flag before each call of a reading function.
type blockingRaw struct{ syscall.RawConn }

func (r blockingRaw) Read(f func(fd uintptr) bool) error {
	return r.RawConn.Read(func(fd uintptr) bool {
		_ = unblock(sys.Handle(fd))
		return f(fd)
	})
}
