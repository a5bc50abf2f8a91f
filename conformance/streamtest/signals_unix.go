//go:build unix

package streamtest

import "syscall"

// interruption is a signal that means nothing to the process, and that Go's runtime handles, so
// that system calls see EINTR.
const interruption = syscall.SIGWINCH

func interrupt() error { return syscall.Kill(syscall.Getpid(), interruption) }
