//go:build unix && !linux

package queuetest

import "syscall"

// interruptAll sends the process a signal about which Go's runtime does nothing; the kernel chooses
// the thread.
func interruptAll() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGURG) }
