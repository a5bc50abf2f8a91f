//go:build unix && !linux

package sys

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// unixNameMax is the longest name in bytes: a path ends with a NUL, which needs one.
const unixNameMax = len(unix.RawSockaddrUnix{}.Path) - 1

// abstractName returns an error if a Unix-domain socket cannot have an abstract name.
func abstractName() error {
	return fmt.Errorf("sys: abstract name of a Unix-domain socket: only Linux has them: %w", errors.ErrUnsupported)
}

// UnixSocket opens a Unix-domain stream socket. It is non-blocking and close-on-exec before a child
// process can inherit it.
func UnixSocket() (Handle, error) { return unixSocket(unix.SOCK_STREAM) }

// UnixpacketSocket opens a Unix-domain socket that transfers records (SOCK_SEQPACKET). It is
// non-blocking and close-on-exec before a child process can inherit it. On macOS, which has no such
// sockets, the error is also [errors.ErrUnsupported].
func UnixpacketSocket() (Handle, error) {
	h, err := unixSocket(unix.SOCK_SEQPACKET)
	if err == unix.EPROTONOSUPPORT {
		err = fmt.Errorf("sys: Unix-domain socket with records: %w (%w)", err, errors.ErrUnsupported)
	}
	return h, err
}

func unixSocket(kind int) (Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
	if err != nil {
		return Invalid, err
	}
	if err := born(fd); err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// BindUnix gives the Unix-domain socket h a name (bind(2), unix(4)): a path, which is created as a
// file. BindUnix refuses an empty name, a name with a NUL, and a name that is too long before the
// kernel sees them: the kernel would cut them short.
func BindUnix(h Handle, name string) error {
	sa, err := unixSockaddrOf(name)
	if err != nil {
		return err
	}
	return unix.Bind(int(h), sa)
}

// ConnectUnix starts a connection to the Unix-domain socket of that name, with the results of
// [Connect].
func ConnectUnix(h Handle, name string) error {
	sa, err := unixSockaddrOf(name)
	if err != nil {
		return err
	}
	if err := unix.Connect(int(h), sa); err != unix.EINTR {
		return err
	}
	return unix.EINPROGRESS
}

// LocalUnixName returns the name of the Unix-domain socket h, in the form that BindUnix takes. It
// is empty for a socket without a name.
func LocalUnixName(h Handle) (string, error) {
	sa, err := unix.Getsockname(int(h))
	if err != nil {
		return "", err
	}
	return unixNameOf(sa)
}

// PeerUnixName is LocalUnixName for the peer of h.
func PeerUnixName(h Handle) (string, error) {
	sa, err := unix.Getpeername(int(h))
	if err != nil {
		return "", err
	}
	return unixNameOf(sa)
}

func unixNameOf(sa unix.Sockaddr) (string, error) {
	if sa, ok := sa.(*unix.SockaddrUnix); ok {
		return sa.Name, nil
	}
	return "", unix.EAFNOSUPPORT
}

func unixSockaddrOf(name string) (unix.Sockaddr, error) {
	if err := checkUnixName(name); err != nil {
		return nil, err
	}
	return &unix.SockaddrUnix{Name: name}, nil
}
