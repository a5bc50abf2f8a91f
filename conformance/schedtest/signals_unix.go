//go:build unix

package schedtest

import "syscall"

// interrupt sends the process a signal without meaning that Go's runtime handles, so that system
// calls return EINTR.
func interrupt() error { return syscall.Kill(syscall.Getpid(), syscall.SIGWINCH) }
