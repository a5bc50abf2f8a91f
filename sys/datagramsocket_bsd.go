//go:build unix && !linux

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// UDPSocket opens a UDP socket. It is non-blocking and close-on-exec before a child process can
// inherit it.
func UDPSocket(f Family) (Handle, error) { return datagramSocket(f.domain(), unix.IPPROTO_UDP) }

// UnixgramSocket opens a Unix-domain datagram socket. It is non-blocking and close-on-exec before a
// child process can inherit it.
func UnixgramSocket() (Handle, error) { return datagramSocket(unix.AF_UNIX, 0) }

func datagramSocket(domain, protocol int) (Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM, protocol)
	if err != nil {
		return Invalid, err
	}
	if err := born(fd); err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}
