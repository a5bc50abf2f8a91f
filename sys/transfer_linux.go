package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxSegments is the most segments that one call of RecvSegments, SendSegments, Readv or Writev
// passes to the kernel. The kernel's own bound is 1,024; a vector of that size would not fit the
// small stacks on which these functions run.
const MaxSegments = 16

// Recv reads up to len(p) bytes from the socket h (recvfrom(2)). It uses MSG_DONTWAIT, so it does
// not block even if h is a blocking handle. It returns 0, nil at the end of the stream, and for an
// empty p.
func Recv(h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(h), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

// Send writes up to len(p) bytes to the socket h (sendto(2) with MSG_DONTWAIT and MSG_NOSIGNAL) and
// returns how many the kernel took.
func Send(h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(h), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

// RecvSegments is Recv into several segments in order (recvmsg(2)). It fills at most the first
// MaxSegments nonempty segments; the others stay unchanged.
func RecvSegments(h Handle, segments [][]byte) (int, error) {
	if len(segments) == 1 {
		return Recv(h, segments[0])
	}
	return message(unix.SYS_RECVMSG, h, segments, unix.MSG_DONTWAIT)
}

// SendSegments is Send of several segments in order (sendmsg(2)). It sends at most the first
// MaxSegments nonempty segments; the others are left for the next call.
func SendSegments(h Handle, segments [][]byte) (int, error) {
	if len(segments) == 1 {
		return Send(h, segments[0])
	}
	return message(unix.SYS_SENDMSG, h, segments, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

func message(trap uintptr, h Handle, segments [][]byte, flags uintptr) (int, error) {
	var vector [MaxSegments]unix.Iovec
	count := vectorOf(&vector, segments)
	if count == 0 {
		return 0, nil
	}
	msg := unix.Msghdr{Iov: &vector[0]}
	msg.SetIovlen(count)
	for {
		n, _, errno := unix.RawSyscall(trap, uintptr(h), uintptr(unsafe.Pointer(&msg)), flags)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

// Read calls read(2) on any handle. The handle must be non-blocking, and no other owner may be able
// to change that: a raw call that blocked would stop the whole process at the next garbage
// collection. For other handles use [ReadShared]; the same holds for Write, Readv and Writev. Read
// returns 0, nil at the end, and for an empty p.
func Read(h Handle, p []byte) (int, error) { return transfer(unix.SYS_READ, h, p) }

// Write calls write(2) on any handle, which must be non-blocking.
func Write(h Handle, p []byte) (int, error) { return transfer(unix.SYS_WRITE, h, p) }

// Readv calls readv(2) on any handle, which must be non-blocking. It uses at most MaxSegments
// segments.
func Readv(h Handle, segments [][]byte) (int, error) { return vectored(unix.SYS_READV, h, segments) }

// Writev calls writev(2) on any handle, which must be non-blocking. It uses at most MaxSegments
// segments.
func Writev(h Handle, segments [][]byte) (int, error) { return vectored(unix.SYS_WRITEV, h, segments) }

func transfer(trap uintptr, h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(trap, uintptr(h), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

func vectored(trap uintptr, h Handle, segments [][]byte) (int, error) {
	var vector [MaxSegments]unix.Iovec
	count := vectorOf(&vector, segments)
	if count == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(trap, uintptr(h), uintptr(unsafe.Pointer(&vector[0])), uintptr(count))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

// vectorOf skips empty segments: they would use up the bound and carry no bytes.
func vectorOf(vector *[MaxSegments]unix.Iovec, segments [][]byte) int {
	count := 0
	for _, s := range segments {
		if len(s) == 0 {
			continue
		}
		if count == MaxSegments {
			break
		}
		vector[count].Base = &s[0]
		vector[count].SetLen(len(s))
		count++
	}
	return count
}

func transferError(errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return ErrWouldBlock
	}
	return errno
}
