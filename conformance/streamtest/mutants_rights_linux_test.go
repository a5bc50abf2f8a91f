package streamtest

import (
	"net"
	"syscall"
)

// rightsMutants give received descriptors to child processes.
func rightsMutants() []mutant {
	return []mutant{
		broken("received descriptors are inherited", netMethods(func(b *netPackets) {
			b.readMsgUnix = func(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
				n, oobn, flags, from, err = b.packetConn.ReadMsgUnix(p, oob)
				all, _ := receivedRights(oob[:oobn])
				for _, h := range all {
					_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(h), syscall.F_SETFD, 0)
				}
				return n, oobn, flags, from, err
			}
		}), "packet/descriptors"),
	}
}
