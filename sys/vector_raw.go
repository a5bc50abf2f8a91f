//go:build freebsd || netbsd || dragonfly

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// vectorSpace holds the segments of one call.
type vectorSpace [MaxSegments]unix.Iovec

// fill stores the segments that one call moves, and returns their number. It skips empty segments:
// they would use up the bound and carry no bytes.
func (v *vectorSpace) fill(segments [][]byte) int {
	count, room := 0, transferBytesMax
	for _, s := range segments {
		if count == len(v) || room == 0 {
			break
		}
		if len(s) == 0 {
			continue
		}
		v[count].Base = &s[0]
		v[count].SetLen(min(len(s), room))
		room -= min(len(s), room)
		count++
	}
	return count
}

// Package unix has no readv(2) and writev(2) for these systems. Their system call numbers are
// stable.
func readv(h Handle, v *vectorSpace, count int) (int, error) {
	return vectored(unix.SYS_READV, h, v, count)
}
func writev(h Handle, v *vectorSpace, count int) (int, error) {
	return vectored(unix.SYS_WRITEV, h, v, count)
}

func vectored(trap uintptr, h Handle, v *vectorSpace, count int) (int, error) {
	n, _, errno := unix.Syscall(trap, uintptr(h), uintptr(unsafe.Pointer(v)), uintptr(count))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
