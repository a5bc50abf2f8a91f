package sys

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// addressSpace holds an address of any family, aligned for each.
type addressSpace struct {
	_   [0]uint64
	raw unix.RawSockaddrAny
}

const (
	familySize     = uint32(unsafe.Sizeof(unix.RawSockaddr{}.Family))
	unixPathOffset = uint32(unsafe.Offsetof(unix.RawSockaddrUnix{}.Path))
	unixPathMax    = uint32(len(unix.RawSockaddrUnix{}.Path))
)

// family returns the family of an address of which the kernel stored size bytes. It is AF_UNSPEC
// for a socket without an address.
func (a *addressSpace) family(size uint32) uint16 {
	if size < familySize {
		return unix.AF_UNSPEC
	}
	return a.raw.Addr.Family
}

// addrPort returns an IP address of which the kernel stored size bytes. For any other address, and
// for a truncated one, it returns the zero AddrPort. h is any socket; the kernel needs one to look
// up the name of a zone.
func (a *addressSpace) addrPort(h Handle, size uint32) netip.AddrPort {
	switch a.family(size) {
	case unix.AF_INET:
		if size < unix.SizeofSockaddrInet4 {
			break
		}
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), networkOrder(sa.Port))
	case unix.AF_INET6:
		if size < unix.SizeofSockaddrInet6 {
			break
		}
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw))
		ip := netip.AddrFrom16(sa.Addr).Unmap()
		if ip.Is6() && sa.Scope_id != 0 {
			ip = ip.WithZone(zoneName(h, sa.Scope_id))
		}
		return netip.AddrPortFrom(ip, networkOrder(sa.Port))
	}
	return netip.AddrPort{}
}

// unixPath returns the name of a Unix-domain socket whose address has size bytes. The result
// aliases a. It is empty for a socket without a name.
//
// The kernel counts the NUL after a path even if 108 bytes of path leave no room for it. So size
// may exceed the length of the address by one (unix(7), BUGS). size may also exceed the room for
// the address, which means that the kernel truncated it (accept(2), recvmsg(2)).
func (a *addressSpace) unixPath(size uint32) []byte {
	length := min(max(size, unixPathOffset)-unixPathOffset, unixPathMax)
	sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(&a.raw))
	path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path)), len(sa.Path))[:length]
	if len(path) > 0 && path[0] == 0 {
		path[0] = '@' // an abstract name has a length, and may have a NUL anywhere
	} else if end := bytes.IndexByte(path, 0); end >= 0 {
		path = path[:end]
	}
	return path
}

// put writes the destination address of m, sent from h, a socket of family f. It returns the size
// of the address: zero for the peer of a connected socket.
func (a *addressSpace) put(h Handle, f Family, m *Message) (uint32, error) {
	if m.Name != "" {
		return a.putName(m.Name)
	}
	if m.Addr == (netip.AddrPort{}) {
		return 0, nil
	}
	ip := m.Addr.Addr()
	if f == IPv4 {
		if ip = ip.Unmap(); !ip.Is4() {
			return 0, unix.EAFNOSUPPORT
		}
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkOrder(m.Addr.Port()), Addr: ip.As4()}
		return unix.SizeofSockaddrInet4, nil
	}
	if !ip.IsValid() {
		return 0, unix.EINVAL
	}
	zone, err := zoneID(h, ip.Zone())
	if err != nil {
		return 0, err
	}
	*(*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkOrder(m.Addr.Port()), Addr: ip.As16(), Scope_id: zone}
	return unix.SizeofSockaddrInet6, nil
}

// putName writes a Unix-domain name and returns the size of the address. A path that fills sun_path
// is passed without the NUL: the kernel adds it (unix(7), BUGS).
func (a *addressSpace) putName(name string) (uint32, error) {
	if err := checkUnixName(name); err != nil {
		return 0, err
	}
	sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(&a.raw))
	*sa = unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path)), len(sa.Path))
	length := uint32(copy(path, name))
	if name[0] == '@' {
		path[0] = 0
		return unixPathOffset + length, nil
	}
	return unixPathOffset + min(length+1, unixPathMax), nil
}

// nameOf stores the address of h that getsockname(2) or getpeername(2) returns, and returns its
// size.
func (a *addressSpace) nameOf(trap uintptr, h Handle) (uint32, error) {
	size := uint32(unsafe.Sizeof(a.raw))
	if _, _, errno := unix.RawSyscall(trap, uintptr(h), uintptr(unsafe.Pointer(&a.raw)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return 0, errno
	}
	return size, nil
}

// LocalAddr returns the address to which h is bound.
func LocalAddr(h Handle) (netip.AddrPort, error) { return addrPortBy(unix.SYS_GETSOCKNAME, h) }

// PeerAddr returns the address to which h is connected.
func PeerAddr(h Handle) (netip.AddrPort, error) { return addrPortBy(unix.SYS_GETPEERNAME, h) }

func addrPortBy(trap uintptr, h Handle) (netip.AddrPort, error) {
	var a addressSpace
	size, err := a.nameOf(trap, h)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return a.addrPort(h, size), nil
}

func kindOfDatagrams(h Handle) (Kind, error) {
	var a addressSpace
	size, err := a.nameOf(unix.SYS_GETSOCKNAME, h)
	switch a.family(size) {
	case unix.AF_INET:
		return KindDatagram4, nil
	case unix.AF_INET6:
		return KindDatagram6, nil
	case unix.AF_UNIX:
		return KindUnixgram, nil
	}
	return KindOtherSocket, err
}

// networkOrder reads a port that the kernel wrote in big-endian order into a native-endian field.
func networkOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}
