//go:build unix && !linux

package sys

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// abstractName returns why a unix-domain socket cannot have an abstract name.
func abstractName() error {
	return fmt.Errorf("abstract names of unix-domain sockets are Linux' own: %w", errors.ErrUnsupported)
}

// UnixSocket opens a unix-domain stream socket, non-blocking and close-on-exec before any child can inherit it.
func UnixSocket() (Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return Invalid, err
	}
	if err := born(fd); err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}
