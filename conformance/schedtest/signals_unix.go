//go:build unix

package schedtest

import "syscall"

// interrupt sends the process a signal that means nothing to it, and that Go's runtime handles, so
// that system calls see EINTR.
func interrupt() error { return syscall.Kill(syscall.Getpid(), syscall.SIGWINCH) }
