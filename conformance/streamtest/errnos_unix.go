//go:build unix

package streamtest

import "syscall"

// What the system says where nobody listens, of a connection that the peer has reset, and of a
// write to it after that.
const (
	errRefused    = syscall.ECONNREFUSED
	errReset      = syscall.ECONNRESET
	errAfterReset = syscall.EPIPE
	errNoMemory   = syscall.ENOMEM
)
