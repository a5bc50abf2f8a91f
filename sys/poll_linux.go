package sys

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll waits until one of fds has an event of its Events, an error or a hang-up (ppoll(2)). It
// stores these in Revents and returns the number of entries with any. A zero timeout polls; a
// negative one waits indefinitely. Others have the kernel's resolution and never end early. Poll
// returns EINTR instead of retrying it. It skips entries with a negative Fd.
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		// The seconds have 32 bits on some machines: a caller that waits longer wakes early and
		// waits again.
		t := unix.NsecToTimespec(int64(min(timeout, math.MaxInt32*time.Second)))
		ts = &t
	}
	if timeout == 0 {
		return waitResult(unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(ts)), 0, 0, 0))
	}
	return waitResult(unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(ts)), 0, 0, 0))
}
