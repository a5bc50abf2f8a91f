//go:build unix

package sys

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// sockaddrOf converts addr for a call on h.
func sockaddrOf(h Handle, addr netip.AddrPort) (unix.Sockaddr, error) {
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}, nil
	}
	if !ip.Is6() {
		return nil, unix.EINVAL
	}
	id, err := zoneID(h, ip.Zone())
	if err != nil {
		return nil, err
	}
	return &unix.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16(), ZoneId: id}, nil
}
