//go:build dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket opens a TCP socket, created non-blocking and close-on-exec (socket(2)).
func Socket(f Family) (Handle, error) {
	fd, err := unix.Socket(f.domain(), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// Pipe opens a pipe, created non-blocking and close-on-exec (pipe2(2)). Bytes written to w are read
// from r.
func Pipe() (r, w Handle, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return Invalid, Invalid, err
	}
	return Handle(fds[0]), Handle(fds[1]), nil
}

// Accept takes one connection off the queue of the listening socket h (accept4(2), paccept(2) on
// NetBSD) and returns it with its peer's address. The new handle is created non-blocking and
// close-on-exec. h must be non-blocking.
func Accept(h Handle) (Handle, netip.AddrPort, error) {
	for {
		// Package unix has this call on two of these systems, package syscall on all.
		fd, sa, err := syscall.Accept4(int(h), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			return Handle(fd), peerOf(sa), nil
		case unix.EAGAIN:
			return Invalid, netip.AddrPort{}, ErrWouldBlock
		case unix.EINTR:
			continue
		}
		return Invalid, netip.AddrPort{}, acceptError(h, err)
	}
}

// peerOf is addrPortOf for types of package syscall.
func peerOf(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return addrPortOf(&unix.SockaddrInet4{Port: sa.Port, Addr: sa.Addr})
	case *syscall.SockaddrInet6:
		return addrPortOf(&unix.SockaddrInet6{Port: sa.Port, Addr: sa.Addr, ZoneId: sa.ZoneId})
	}
	return netip.AddrPort{}
}
