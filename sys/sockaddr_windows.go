package sys

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sockaddrOf converts addr for a call on h.
func sockaddrOf(h Handle, addr netip.AddrPort) (windows.Sockaddr, error) {
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return &windows.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}, nil
	}
	if !ip.Is6() {
		return nil, windows.WSAEINVAL
	}
	id, err := zoneID(h, ip.Zone())
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
		ip = ip.WithZone(zoneName(Invalid, zone))
	}
	return netip.AddrPortFrom(ip, port)
}

// addrPortOfRaw returns an IP address of which the kernel stored size bytes. For any other address,
// and for a truncated one, it returns the zero AddrPort.
func addrPortOfRaw(raw *windows.RawSockaddrAny, size int32) netip.AddrPort {
	family := uint16(windows.AF_UNSPEC)
	if size >= int32(unsafe.Sizeof(family)) {
		family = raw.Addr.Family
	}
	switch {
	case family == windows.AF_INET && size >= int32(unsafe.Sizeof(windows.RawSockaddrInet4{})):
		sa := (*windows.RawSockaddrInet4)(unsafe.Pointer(raw))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), networkOrder(sa.Port))
	case family == windows.AF_INET6 && size >= int32(unsafe.Sizeof(windows.RawSockaddrInet6{})):
		sa := (*windows.RawSockaddrInet6)(unsafe.Pointer(raw))
		return addrPort6(sa.Addr, sa.Scope_id, networkOrder(sa.Port))
	}
	return netip.AddrPort{}
}

// rawAddress has room for an IP address, or for both of AcceptEx. It has no pointer.
type rawAddress [16]uint64

// rawOf stores the address for a call on h, a socket of family f, and returns its size. An IPv6
// socket gets an IPv4 address mapped.
func rawOf(raw *rawAddress, h Handle, f Family, addr netip.AddrPort) (int32, error) {
	ip, port := addr.Addr(), networkOrder(addr.Port())
	if f == IPv4 {
		if ip = ip.Unmap(); !ip.Is4() {
			return 0, windows.WSAEAFNOSUPPORT
		}
		*(*windows.RawSockaddrInet4)(unsafe.Pointer(raw)) = windows.RawSockaddrInet4{Family: windows.AF_INET, Port: port, Addr: ip.As4()}
		return int32(unsafe.Sizeof(windows.RawSockaddrInet4{})), nil
	}
	if !ip.IsValid() {
		return 0, windows.WSAEINVAL
	}
	zone, err := zoneID(h, ip.Zone())
	if err != nil {
		return 0, err
	}
	*(*windows.RawSockaddrInet6)(unsafe.Pointer(raw)) = windows.RawSockaddrInet6{
		Family: windows.AF_INET6, Port: port, Addr: ip.As16(), Scope_id: zone,
	}
	return int32(unsafe.Sizeof(windows.RawSockaddrInet6{})), nil
}

// networkOrder reads a port that was written in big-endian order into a native-endian field.
func networkOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}
