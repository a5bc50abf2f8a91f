//go:build unix && !linux && !dragonfly && !freebsd && !netbsd && !openbsd

package sys

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket opens a TCP socket. It is non-blocking and close-on-exec before a child process can
// inherit it.
func Socket(f Family) (Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(f.domain(), unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err != nil {
		return Invalid, err
	}
	if err := born(fd); err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// Pipe opens a pipe (pipe(2)). Bytes written to w are read from r.
func Pipe() (r, w Handle, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return Invalid, Invalid, err
	}
	if err := born(fds[0], fds[1]); err != nil {
		return Invalid, Invalid, err
	}
	return Handle(fds[0]), Handle(fds[1]), nil
}

// Accept takes one connection off the queue of the listening socket h (accept(2)) and returns it
// with its peer's address. The new handle is non-blocking and close-on-exec. h must be
// non-blocking.
func Accept(h Handle) (Handle, netip.AddrPort, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for {
		fd, sa, err := unix.Accept(int(h))
		switch err {
		case nil:
			if err := born(fd); err != nil {
				return Invalid, netip.AddrPort{}, err
			}
			return Handle(fd), addrPortOf(sa), nil
		case unix.EAGAIN:
			return Invalid, netip.AddrPort{}, ErrWouldBlock
		case unix.EINTR:
			continue
		}
		return Invalid, netip.AddrPort{}, acceptError(h, err)
	}
}
