package streamtest

import "syscall"

// These are the errors of the system for a connect without a listener, for a connection reset by
// the peer, and for a later write to it. They are WSAECONNREFUSED and WSAECONNRESET (winsock2.h).
// The portable names in package syscall are numbers that Windows never returns.
const (
	errRefused    = syscall.Errno(10061)
	errReset      = syscall.Errno(10054)
	errAfterReset = errReset
	errNoMemory   = syscall.Errno(10055)
)
