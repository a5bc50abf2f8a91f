package bufstrategy

import "golang.org/x/sys/unix"

// anonymousFile opens memory that has no name.
func anonymousFile(size int) (fd int, err error) {
	fd, err = unix.MemfdCreate("bufstrategy", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		_ = unix.Close(fd) // the first error counts
		return -1, err
	}
	return fd, nil
}
