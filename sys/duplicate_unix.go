//go:build unix

package sys

import "golang.org/x/sys/unix"

// Duplicate returns another handle of the open file of h, created close-on-exec (fcntl(2),
// F_DUPFD_CLOEXEC). The two share the non-blocking flag and the file position. Each must be closed
// separately.
func Duplicate(h Handle) (Handle, error) {
	fd, err := unix.FcntlInt(uintptr(h), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}
