//go:build unix

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkType refuses the types of files of which POSIX says that a poll always calls them ready.
func checkType(mode uint32) error {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFBLK:
		return fmt.Errorf("%w: %w", ErrNotPollable, unix.EPERM)
	}
	return nil
}
