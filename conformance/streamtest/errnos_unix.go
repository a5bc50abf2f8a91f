//go:build unix

package streamtest

import "syscall"

// These are the errors of the system for a connect without a listener, for a connection reset by
// the peer, and for a later write to it.
const (
	errRefused    = syscall.ECONNREFUSED
	errReset      = syscall.ECONNRESET
	errAfterReset = syscall.EPIPE
	errNoMemory   = syscall.ENOMEM
)
