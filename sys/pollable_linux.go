package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// CheckPollable asks the kernel whether h can be waited for. A socket costs one system call,
// fstat(2), anything else a second one.
//
// Errors: [ErrNotPollable] with EPERM for what epoll_ctl(2) refuses: files on disk, directories,
// block devices, and devices such as /dev/null that are always ready; EBADF for what is not open.
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

// checkFile is CheckPollable of h, whose mode is known and no socket's.
//
// The type of a file does not decide: a file of /proc or /sys is a regular one, and some of them
// report changes; of the character devices, only the driver knows. poll(2) and io_uring call a file
// ready for ever that cannot be waited for, and do not say so. Only epoll does.
func checkFile(h Handle, mode uint32) error {
	// No epoll instance is needed. The kernel looks whether the file can be polled (EPERM) before
	// it looks whether the first argument is an epoll instance (EINVAL), which a file never is in
	// itself: see do_epoll_ctl in fs/eventpoll.c.
	switch err := EpollDelete(h, h); err {
	case unix.EINVAL:
		return nil
	case unix.EPERM:
		// A sandbox that forbids epoll may say so, too, and does it without a look at the handle.
		if EpollDelete(Invalid, Invalid) == unix.EBADF {
			return fmt.Errorf("%w: %w", ErrNotPollable, err)
		}
	case unix.EBADF:
		return err
	}
	// Without epoll the type is all that is known.
	return checkType(mode)
}
