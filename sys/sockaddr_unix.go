//go:build unix

package sys

import (
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// zoneID returns the interface index in zone. Only digits are understood: turning a name into an index asks the kernel for the
// list of interfaces, which is the caller's to do.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	id, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, unix.EINVAL
	}
	return uint32(id), nil
}

func zoneName(id uint32) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

func sockaddrOf(addr netip.AddrPort) (unix.Sockaddr, error) {
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}, nil
	}
	if !ip.Is6() {
		return nil, unix.EINVAL
	}
	id, err := zoneID(ip.Zone())
	if err != nil {
		return nil, err
	}
	return &unix.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16(), ZoneId: id}, nil
}

func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr).Unmap()
		if ip.Is6() {
			ip = ip.WithZone(zoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(ip, uint16(sa.Port))
	}
	return netip.AddrPort{}
}
