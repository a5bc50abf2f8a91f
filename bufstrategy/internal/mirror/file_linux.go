package mirror

import "golang.org/x/sys/unix"

// anonymousFile returns an unnamed memory file.
func anonymousFile(size int) (fd int, err error) {
	fd, err = unix.MemfdCreate("bufstrategy", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		_ = unix.Close(fd) // report the first error
		return -1, err
	}
	return fd, nil
}
