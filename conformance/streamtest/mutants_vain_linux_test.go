package streamtest

import (
	"net/netip"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// vainMutants wait through the methods of a syscall.RawConn, which leave the reason for would-block
// to their functions.
func vainMutants() []mutant {
	return []mutant{
		broken("reads wait without a look at the error queue", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				if len(p) != vainRoom {
					return b.conn.Read(p)
				}
				return unguarded(b.conn.SyscallConn, syscall.RawConn.Read, func(h sys.Handle) (int, error) { return sys.Recv(h, p) })
			}
		}), "vain/error-queue"),
		broken("writes wait for what is ready", conns(func(b *brokenConn) {
			b.write = func(p []byte) (int, error) {
				if b.conn.LocalAddr().Network() != "handle" || len(p) != 8 {
					return b.conn.Write(p)
				}
				return unguarded(b.conn.SyscallConn, syscall.RawConn.Write, func(h sys.Handle) (int, error) { return sys.Write(h, p) })
			}
		}), "vain/ready"),
		broken("datagrams are waited for without a look at the error queue", packetReadsInto(func(b *brokenPackets, p []byte) (int, netip.AddrPort, error) {
			if len(p) != vainRoom {
				return b.packetConn.ReadFromAddrPort(p)
			}
			n, err := unguarded(b.packetConn.SyscallConn, syscall.RawConn.Read, func(h sys.Handle) (int, error) { return sys.Recv(h, p) })
			return n, netip.AddrPort{}, err
		}), "vain/error-queue-packets"),
	}
}
