package streamtest

import "syscall"

// What the system says where nobody listens, of a connection that the peer has reset, and of a
// write to it after that: WSAECONNREFUSED and WSAECONNRESET (winsock2.h). The names that package
// syscall has in common with other systems are numbers that Windows never returns.
const (
	errRefused    = syscall.Errno(10061)
	errReset      = syscall.Errno(10054)
	errAfterReset = errReset
	errNoMemory   = syscall.Errno(10055)
)
