package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// unixNameMax is the longest name, with the "@" of an abstract one: a path that fills sun_path
// needs no NUL.
const unixNameMax = len(unix.RawSockaddrUnix{}.Path)

// abstractName returns why a unix-domain socket cannot have an abstract name.
func abstractName() error { return nil }

// UnixSocket opens a unix-domain stream socket, non-blocking and close-on-exec from birth
// (socket(2), unix(7)).
func UnixSocket() (Handle, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// BindUnix gives the unix-domain socket h a name (bind(2), unix(7)): a path, which is made as a
// file, or "@" and an abstract name, which is not and may have NULs. An empty name, a path with a
// NUL, and a name that does not fit are refused before the kernel sees them: it would cut them
// short.
func BindUnix(h Handle, name string) error {
	var a addressSpace
	size, err := a.putName(name)
	if err != nil {
		return err
	}
	// Making the file may take time, so that the scheduler has to know.
	if _, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(h), uintptr(unsafe.Pointer(&a.raw)), uintptr(size)); errno != 0 {
		return errno
	}
	return nil
}

// ConnectUnix starts a connection to the unix-domain socket of that name, with the outcomes of
// [Connect]. Linux adds one: EAGAIN says that the queue of the listener is full. Nothing is in
// progress then, and no event will tell of room in the queue.
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

// LocalUnixName returns the name of the unix-domain socket h, in the form that BindUnix takes.
// Without a name it is "@", as in package net.
func LocalUnixName(h Handle) (string, error) { return unixNameBy(unix.SYS_GETSOCKNAME, h) }

// PeerUnixName is LocalUnixName of the peer of h.
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
