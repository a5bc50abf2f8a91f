package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ThreadID returns the result of thr_self(2).
func ThreadID() (uint64, error) {
	var id uintptr // a long
	_, _, errno := unix.RawSyscall(unix.SYS_THR_SELF, uintptr(unsafe.Pointer(&id)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint64(id), nil
}
