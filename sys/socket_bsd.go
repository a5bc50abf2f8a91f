//go:build unix && !linux

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// born makes fds non-blocking and close-on-exec where no call creates them so. The caller holds
// syscall.ForkLock, so that no child of this process inherits them. If it fails, it closes fds.
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

// SocketPair opens two connected stream sockets (socketpair(2), AF_UNIX). They are non-blocking and
// close-on-exec before a child process can inherit them.
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
