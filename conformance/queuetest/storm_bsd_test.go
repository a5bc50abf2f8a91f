//go:build unix && !linux

package queuetest

import "syscall"

// interruptAll sends the process a signal that Go's runtime ignores. The kernel chooses the thread.
func interruptAll() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGURG) }
