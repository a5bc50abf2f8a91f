//go:build unix

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkType refuses the file types that, according to POSIX, poll always reports as ready.
func checkType(mode uint32) error {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFBLK:
		return fmt.Errorf("%w: %w", ErrNotPollable, unix.EPERM)
	}
	return nil
}
