//go:build unix

package streamtest

import "syscall"

// interruption is a signal without meaning to the process that Go's runtime handles, so that system
// calls return EINTR.
const interruption = syscall.SIGWINCH

func interrupt() error { return syscall.Kill(syscall.Getpid(), interruption) }
