package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// CheckPollable asks the kernel whether a queue can wait for h. It makes one system call, fstat(2),
// for a socket, and a second one for any other handle.
//
// Errors: [ErrNotPollable] with EPERM for handles that epoll_ctl(2) refuses: files on disk,
// directories, block devices, and devices such as /dev/null that are always ready; EBADF for a
// handle that is not open.
func CheckPollable(h Handle) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(h), &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFSOCK {
		return nil
	}
	return checkFile(h, st.Mode)
}

// Listens reports whether h is a socket that listens (SO_ACCEPTCONN in socket(7)).
//
// Errors: ENOTSOCK for another handle; EBADF for a handle that is not open.
func Listens(h Handle) (bool, error) {
	v, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return v != 0, err
}

// checkFile is CheckPollable for an h whose mode is known and is not that of a socket.
//
// The file type does not decide. Files of /proc and /sys are regular, and some of them report
// changes; for character devices, only the driver knows. poll(2) and io_uring report a file that
// cannot be polled as always ready, without an error. Only epoll returns an error.
func checkFile(h Handle, mode uint32) error {
	// No epoll instance is needed. The kernel checks whether the file can be polled (EPERM) before
	// it checks whether the first argument is an epoll instance (EINVAL). A file never is one in
	// itself: see do_epoll_ctl in fs/eventpoll.c.
	switch err := EpollDelete(h, h); err {
	case unix.EINVAL:
		return nil
	case unix.EPERM:
		// A sandbox that forbids epoll may also return EPERM, without checking the handle.
		if EpollDelete(Invalid, Invalid) == unix.EBADF {
			return fmt.Errorf("%w: %w", ErrNotPollable, err)
		}
	case unix.EBADF:
		return err
	}
	// Without epoll, only the type is known.
	return checkType(mode)
}
