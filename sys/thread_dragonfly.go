package sys

import "golang.org/x/sys/unix"

// ThreadID is lwp_gettid(2), whose numbers are those of the threads of one process.
func ThreadID() (uint64, error) {
	id, _, errno := unix.RawSyscall(unix.SYS_LWP_GETTID, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint64(id), nil
}
