//go:build unix && !linux

package sys

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// LocalAddr returns the address to which h is bound.
func LocalAddr(h Handle) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(int(h))
	if err != nil {
		return netip.AddrPort{}, err
	}
	return addrPortOf(sa), nil
}

// PeerAddr returns the address to which h is connected.
func PeerAddr(h Handle) (netip.AddrPort, error) {
	sa, err := unix.Getpeername(int(h))
	if err != nil {
		return netip.AddrPort{}, err
	}
	return addrPortOf(sa), nil
}

// acceptError returns the error of accept(2), or ECONNABORTED if it concerns one connection and not
// h. In that case package unix or syscall could not read the peer's address, and has closed the
// connection. macOS and NetBSD allow names longer than struct sockaddr_un. EINVAL from a socket
// that does not listen is returned unchanged.
func acceptError(h Handle, err error) error {
	switch err {
	case unix.EAFNOSUPPORT:
		return unix.ECONNABORTED
	case unix.EINVAL:
		if listens, e := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_ACCEPTCONN); e == nil && listens != 0 {
			return unix.ECONNABORTED
		}
	}
	return err
}

func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr).Unmap()
		if ip.Is6() {
			ip = ip.WithZone(zoneName(Invalid, sa.ZoneId))
		}
		return netip.AddrPortFrom(ip, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

func kindOfDatagrams(h Handle) (Kind, error) {
	sa, err := unix.Getsockname(int(h))
	switch sa.(type) {
	case *unix.SockaddrInet4:
		return KindDatagram4, nil
	case *unix.SockaddrInet6:
		return KindDatagram6, nil
	case *unix.SockaddrUnix:
		return KindUnixgram, nil
	}
	if err == unix.EAFNOSUPPORT {
		err = nil // package unix does not know the family
	}
	return KindOtherSocket, err
}
