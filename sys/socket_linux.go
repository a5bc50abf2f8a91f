package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Socket opens a TCP socket, created non-blocking and close-on-exec: a flag set afterwards would
// race with a fork.
func Socket(f Family) (Handle, error) {
	fd, err := unix.Socket(f.domain(), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// SocketPair opens two connected stream sockets (socketpair(2), AF_UNIX).
func SocketPair() (a, b Handle, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Invalid, Invalid, err
	}
	return Handle(fds[0]), Handle(fds[1]), nil
}

// Pipe opens a pipe (pipe2(2)). Bytes written to w are read from r.
func Pipe() (r, w Handle, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return Invalid, Invalid, err
	}
	return Handle(fds[0]), Handle(fds[1]), nil
}

// Accept takes one connection off the queue of the listening socket h (accept4(2)) and returns it
// with its peer's address. The new handle is created non-blocking and close-on-exec. h must be
// non-blocking, and no other owner may be able to change that ([AcceptShared]).
func Accept(h Handle) (Handle, netip.AddrPort, error) {
	var peer addressSpace
	for {
		size := uint32(unsafe.Sizeof(peer.raw))
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(h), uintptr(unsafe.Pointer(&peer.raw)), uintptr(unsafe.Pointer(&size)),
			unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return Handle(fd), peer.addrPort(Handle(fd), size), nil
		case unix.EAGAIN:
			return Invalid, netip.AddrPort{}, ErrWouldBlock
		case unix.EINTR:
			continue
		}
		return Invalid, netip.AddrPort{}, errno
	}
}
