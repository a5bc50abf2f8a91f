//go:build unix && !linux

package mirror

import (
	"os"

	"golang.org/x/sys/unix"
)

// anonymousFile returns a temporary file whose name is already removed. These systems also have
// shared memory without a file, but no call for it exists on all of them and is available from Go.
func anonymousFile(size int) (fd int, err error) {
	f, err := os.CreateTemp("", "bufstrategy")
	if err != nil {
		return -1, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return -1, err
	}
	if err := f.Truncate(int64(size)); err != nil {
		return -1, err
	}
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}
