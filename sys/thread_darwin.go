package sys

import "golang.org/x/sys/unix"

// ThreadID returns the result of thread_selfid, which pthread_threadid_np calls.
func ThreadID() (uint64, error) {
	id, _, errno := unix.RawSyscall(unix.SYS_THREAD_SELFID, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint64(id), nil
}
