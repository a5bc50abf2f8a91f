package sys

import "golang.org/x/sys/unix"

// ThreadID returns the number by which the system knows the calling thread, see gettid(2): no other
// thread of the process has it at the same time. It is of use to a goroutine that is locked to its
// thread. It is a system call that does not block. Where it cannot be had the error is
// errors.ErrUnsupported.
func ThreadID() (uint64, error) { return uint64(unix.Gettid()), nil }
