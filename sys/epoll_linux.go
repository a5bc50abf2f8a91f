package sys

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EpollEvent is struct epoll_event, which is packed on amd64 and padded elsewhere.
type EpollEvent = unix.EpollEvent

// The bits of an EpollEvent (epoll_ctl(2)). EPOLLET is positive here; in package syscall it is
// negative.
const (
	EpollIn        = uint32(unix.EPOLLIN)
	EpollPri       = uint32(unix.EPOLLPRI)
	EpollOut       = uint32(unix.EPOLLOUT)
	EpollErr       = uint32(unix.EPOLLERR)
	EpollHup       = uint32(unix.EPOLLHUP)
	EpollRDHup     = uint32(unix.EPOLLRDHUP)
	EpollEdge      = uint32(1) << 31
	EpollOneShot   = uint32(unix.EPOLLONESHOT)
	EpollExclusive = uint32(unix.EPOLLEXCLUSIVE)
)

// EpollCreate opens an epoll instance, close-on-exec.
func EpollCreate() (Handle, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// EpollAdd registers h with ep for the given bits. Each event carries data.
func EpollAdd(ep, h Handle, bits uint32, data uint64) error {
	return epollCtl(ep, unix.EPOLL_CTL_ADD, h, bits, data)
}

// EpollModify replaces the bits and data of h. The kernel checks readiness again and reports h if
// it is ready.
func EpollModify(ep, h Handle, bits uint32, data uint64) error {
	return epollCtl(ep, unix.EPOLL_CTL_MOD, h, bits, data)
}

// EpollDelete ends the registration of h.
func EpollDelete(ep, h Handle) error { return epollCtl(ep, unix.EPOLL_CTL_DEL, h, 0, 0) }

func epollCtl(ep Handle, op int, h Handle, bits uint32, data uint64) error {
	e := EpollEvent{Events: bits, Fd: int32(data), Pad: int32(data >> 32)}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(h), uintptr(unsafe.Pointer(&e)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// EpollData returns the data with which the handle of e was registered.
func EpollData(e *EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }

// EpollWait stores up to len(events) events and returns their number. A zero timeout polls; a
// negative one waits indefinitely. Any other timeout is rounded up to whole milliseconds, because
// rounding down would make the caller spin. EpollWait does not retry EINTR but returns it: the
// caller knows how much time is left. events must not be empty.
func EpollWait(ep Handle, events []EpollEvent, timeout time.Duration) (int, error) {
	if timeout == 0 {
		return waitResult(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
	}
	return waitResult(unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)),
		uintptr(milliseconds(timeout)), 0, 0))
}

// EpollWaitExact is EpollWait with the kernel's timeout resolution (epoll_pwait2(2), Linux 5.11).
// On older kernels it returns ENOSYS, or the error of a sandbox that does not know the call;
// EpollWait works there.
func EpollWaitExact(ep Handle, events []EpollEvent, timeout time.Duration) (int, error) {
	var ts *kernelTimespec
	if timeout >= 0 {
		ts = &kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
	}
	if timeout == 0 {
		return waitResult(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)),
			uintptr(unsafe.Pointer(ts)), 0, 0))
	}
	return waitResult(unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)),
		uintptr(unsafe.Pointer(ts)), 0, 0))
}

// kernelTimespec is struct __kernel_timespec: both fields have 64 bits on every machine.
type kernelTimespec struct{ sec, nsec int64 }

func waitResult(n, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// milliseconds rounds up, and caps a duration that the kernel's 32-bit count cannot hold: the
// caller wakes early and waits again.
func milliseconds(d time.Duration) int32 {
	if d < 0 {
		return -1
	}
	if d > math.MaxInt32*time.Millisecond {
		return math.MaxInt32
	}
	return int32((d + time.Millisecond - 1) / time.Millisecond)
}
