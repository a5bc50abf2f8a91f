package sys

import "golang.org/x/sys/unix"

// abstractName returns why a unix-domain socket cannot have an abstract name.
func abstractName() error { return nil }

// UnixSocket opens a unix-domain stream socket, non-blocking and close-on-exec from birth (socket(2), unix(7)).
func UnixSocket() (Handle, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}
