//go:build unix

package sysconfig

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
)

func sourceOf(dst netip.Addr) (netip.Addr, error) {
	family, to := sockaddrOf(dst)
	fd, err := datagramSocket(family)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	if err := syscall.Connect(fd, to); err != nil {
		return netip.Addr{}, os.NewSyscallError("connect", err)
	}
	from, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("getsockname", err)
	}
	switch from := from.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrFrom4(from.Addr), nil
	case *syscall.SockaddrInet6:
		return netip.AddrFrom16(from.Addr), nil
	}
	return netip.Addr{}, nil
}

func sockaddrOf(dst netip.Addr) (family int, to syscall.Sockaddr) {
	if dst.Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: probePort, Addr: dst.As4()}
	}
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: probePort, Addr: dst.As16(), ZoneId: zoneIndex(dst.Zone())}
}

// datagramSocket opens a socket that no child process inherits. Not every system has SOCK_CLOEXEC.
func datagramSocket(family int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	return fd, err
}

// isUnreachable reports whether the system knows that it cannot reach a destination. EAFNOSUPPORT
// is the error of a system without IPv6, EINVAL that of a link-local address without a zone.
func isUnreachable(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EADDRNOTAVAIL,
		syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EINVAL, syscall.EACCES} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
