package sys

import "golang.org/x/sys/unix"

// ThreadID returns the result of lwp_gettid(2), which is unique within the process.
func ThreadID() (uint64, error) {
	id, _, errno := unix.RawSyscall(unix.SYS_LWP_GETTID, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint64(id), nil
}
