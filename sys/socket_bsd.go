//go:build unix && !linux

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// born makes fds non-blocking and close-on-exec, where no call does so at birth. The callers hold
// syscall.ForkLock, so that no child of this process inherits them.
func born(fds ...int) error {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			for _, fd := range fds {
				unix.Close(fd)
			}
			return err
		}
	}
	return nil
}

// SocketPair opens two stream sockets that are connected to each other (socketpair(2), AF_UNIX),
// non-blocking and close-on-exec before any child can inherit them.
func SocketPair() (a, b Handle, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return Invalid, Invalid, err
	}
	if err := born(fds[0], fds[1]); err != nil {
		return Invalid, Invalid, err
	}
	return Handle(fds[0]), Handle(fds[1]), nil
}
