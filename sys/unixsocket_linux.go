package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// unixNameMax is the longest name in bytes, including the "@" of an abstract one: a path that fills
// sun_path needs no NUL.
const unixNameMax = len(unix.RawSockaddrUnix{}.Path)

// abstractName returns an error if a Unix-domain socket cannot have an abstract name.
func abstractName() error { return nil }

// UnixSocket opens a Unix-domain stream socket, created non-blocking and close-on-exec (socket(2),
// unix(7)).
func UnixSocket() (Handle, error) { return unixSocket(unix.SOCK_STREAM) }

// UnixpacketSocket opens a Unix-domain socket that transfers records (SOCK_SEQPACKET), created
// non-blocking and close-on-exec.
func UnixpacketSocket() (Handle, error) { return unixSocket(unix.SOCK_SEQPACKET) }

func unixSocket(kind int) (Handle, error) {
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// BindUnix gives the Unix-domain socket h a name (bind(2), unix(7)). The name is a path, which is
// created as a file, or "@" and an abstract name. An abstract name is not a file and may contain
// NULs. BindUnix refuses an empty name, a path with a NUL, and a name that is too long before the
// kernel sees them: the kernel would cut them short.
func BindUnix(h Handle, name string) error {
	var a addressSpace
	size, err := a.putName(name)
	if err != nil {
		return err
	}
	// Creating the file may take time, so the scheduler must see the call.
	if _, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(h), uintptr(unsafe.Pointer(&a.raw)), uintptr(size)); errno != 0 {
		return errno
	}
	return nil
}

// ConnectUnix starts a connection to the Unix-domain socket of that name, with the results of
// [Connect]. Linux adds one: EAGAIN means that the queue of the listener is full. In that case no
// connect is in progress, and no event reports room in the queue.
func ConnectUnix(h Handle, name string) error {
	var a addressSpace
	size, err := a.putName(name)
	if err != nil {
		return err
	}
	switch _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(h), uintptr(unsafe.Pointer(&a.raw)), uintptr(size)); errno {
	case 0:
		return nil
	case unix.EINTR:
		return unix.EINPROGRESS
	default:
		return errno
	}
}

// LocalUnixName returns the name of the Unix-domain socket h, in the form that BindUnix takes. For
// a socket without a name it returns "@", as package net does.
func LocalUnixName(h Handle) (string, error) { return unixNameBy(unix.SYS_GETSOCKNAME, h) }

// PeerUnixName is LocalUnixName for the peer of h.
func PeerUnixName(h Handle) (string, error) { return unixNameBy(unix.SYS_GETPEERNAME, h) }

func unixNameBy(trap uintptr, h Handle) (string, error) {
	var a addressSpace
	size, err := a.nameOf(trap, h)
	if err != nil {
		return "", err
	}
	if a.family(size) != unix.AF_UNIX {
		return "", unix.EAFNOSUPPORT
	}
	if path := a.unixPath(size); len(path) > 0 {
		return string(path), nil
	}
	return "@", nil
}
