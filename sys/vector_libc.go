//go:build unix && !linux && !freebsd && !netbsd && !dragonfly

package sys

import "golang.org/x/sys/unix"

// vectorSpace holds the segments of one call.
type vectorSpace [MaxSegments][]byte

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
		v[count] = s[:min(len(s), room)]
		room -= len(v[count])
		count++
	}
	return count
}

// macOS and OpenBSD accept system calls only from libc, which package unix calls. That package
// builds an array of its own.
func readv(h Handle, v *vectorSpace, count int) (int, error)  { return unix.Readv(int(h), v[:count]) }
func writev(h Handle, v *vectorSpace, count int) (int, error) { return unix.Writev(int(h), v[:count]) }
