package sys

import "golang.org/x/sys/unix"

// ThreadID returns the system's number of the calling thread (gettid(2)). No other thread of the
// process has it at the same time. It is useful to a goroutine that is locked to its thread. It
// makes a system call that does not block. On a system without thread numbers, the error is
// [errors.ErrUnsupported].
func ThreadID() (uint64, error) { return uint64(unix.Gettid()), nil }
