package sys

import "golang.org/x/sys/unix"

// ThreadID returns the result of _lwp_self(2).
func ThreadID() (uint64, error) {
	id, _, errno := unix.RawSyscall(unix.SYS__LWP_SELF, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint64(id), nil
}
