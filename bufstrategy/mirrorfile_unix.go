//go:build unix && !linux

package bufstrategy

import (
	"os"

	"golang.org/x/sys/unix"
)

// anonymousFile opens a file that has no name any more. There is shared memory without a file on
// these systems, too, but no call for it that is on all of them and that Go can make.
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
