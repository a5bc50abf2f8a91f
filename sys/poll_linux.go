package sys

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll waits until one of fds has an event of its Events, or an error or hang-up, and stores them
// in Revents (ppoll(2)); it returns how many have. A timeout of zero returns at once; a negative
// one waits for ever; others have the kernel's resolution, never shorter. EINTR is returned, not
// retried. Entries with a negative Fd are passed over.
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		// The seconds have 32 bits on some machines: who waits that long is woken early and waits
		// again.
		t := unix.NsecToTimespec(int64(min(timeout, math.MaxInt32*time.Second)))
		ts = &t
	}
	if timeout == 0 {
		return waitResult(unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(ts)), 0, 0, 0))
	}
	return waitResult(unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(ts)), 0, 0, 0))
}
