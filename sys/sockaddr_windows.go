package sys

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// zoneID returns the interface index in zone. Only digits are understood: turning a name into an index asks the kernel for the
// list of interfaces, which is the caller's to do.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	id, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, windows.WSAEINVAL
	}
	return uint32(id), nil
}

func sockaddrOf(addr netip.AddrPort) (windows.Sockaddr, error) {
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return &windows.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}, nil
	}
	if !ip.Is6() {
		return nil, windows.WSAEINVAL
	}
	id, err := zoneID(ip.Zone())
	if err != nil {
		return nil, err
	}
	return &windows.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16(), ZoneId: id}, nil
}

func addrPortOf(sa windows.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *windows.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *windows.SockaddrInet6:
		return addrPort6(sa.Addr, sa.ZoneId, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

func addrPort6(addr [16]byte, zone uint32, port uint16) netip.AddrPort {
	ip := netip.AddrFrom16(addr).Unmap()
	if ip.Is6() && zone != 0 {
		ip = ip.WithZone(strconv.FormatUint(uint64(zone), 10))
	}
	return netip.AddrPortFrom(ip, port)
}

// addrPortOfRaw reads what the kernel wrote.
func addrPortOfRaw(raw *windows.RawSockaddrAny) netip.AddrPort {
	switch raw.Addr.Family {
	case windows.AF_INET:
		sa := (*windows.RawSockaddrInet4)(unsafe.Pointer(raw))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), networkOrder(sa.Port))
	case windows.AF_INET6:
		sa := (*windows.RawSockaddrInet6)(unsafe.Pointer(raw))
		return addrPort6(sa.Addr, sa.Scope_id, networkOrder(sa.Port))
	}
	return netip.AddrPort{}
}

// networkOrder reads a port that was written big-endian into a field of the machine's own order.
func networkOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}
