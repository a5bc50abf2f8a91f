package sys

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// addressRoom is the room that AcceptEx wants for each address: 16 bytes more than the longest.
const addressRoom = unsafe.Sizeof(windows.RawSockaddrInet6{}) + 16

// Accept starts to accept a connection of the listener h as socket, which Socket has opened in the
// same family (AcceptEx). After success, the caller calls FinishAccept.
func (o *Overlapped) Accept(h, socket Handle) error {
	addr, err := acceptEx.of(h)
	if err != nil {
		return err
	}
	o.renew()
	var n uint32
	const received = 0 // the packet arrives with the connection, not with the first bytes
	ok, _, errno := syscall.SyscallN(addr, uintptr(h), uintptr(socket), uintptr(unsafe.Pointer(&o.address)), received,
		addressRoom, addressRoom, uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&o.io)))
	return started(ok != 0, errno)
}

// FinishAccept gives an accepted socket the properties of the listener h
// (SO_UPDATE_ACCEPT_CONTEXT). Before, its addresses are unknown, and Shutdown fails.
func FinishAccept(h, socket Handle) error {
	listener := uintptr(h)
	return windows.Setsockopt(windows.Handle(socket), windows.SOL_SOCKET, windows.SO_UPDATE_ACCEPT_CONTEXT,
		(*byte)(unsafe.Pointer(&listener)), int32(unsafe.Sizeof(listener)))
}

// Connect starts to connect h, a TCP socket of family f (ConnectEx). Unless h is bound, Connect
// binds it to any address, which ConnectEx requires. After success, the caller calls FinishConnect.
func (o *Overlapped) Connect(h Handle, f Family, to netip.AddrPort) error {
	addr, err := connectEx.of(h)
	if err != nil {
		return err
	}
	wildcard := netip.IPv6Unspecified()
	if f == IPv4 {
		wildcard = netip.IPv4Unspecified()
	}
	if err := Bind(h, netip.AddrPortFrom(wildcard, 0)); err != nil && err != windows.WSAEINVAL { // WSAEINVAL: h is bound
		return err
	}
	size, err := rawOf(&o.address, h, f, to)
	if err != nil {
		return err
	}
	o.renew()
	ok, _, errno := syscall.SyscallN(addr, uintptr(h), uintptr(unsafe.Pointer(&o.address)), uintptr(size), 0, 0, 0, uintptr(unsafe.Pointer(&o.io)))
	return started(ok != 0, errno)
}

// FinishConnect completes the state of a socket that Overlapped.Connect has connected
// (SO_UPDATE_CONNECT_CONTEXT). Before, its addresses are unknown, and Shutdown fails.
func FinishConnect(h Handle) error {
	return windows.Setsockopt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_UPDATE_CONNECT_CONTEXT, nil, 0)
}

// Provider describes a socket.
type Provider struct {
	Family   Family
	Datagram bool
}

// ProviderOf returns the family and the type of the socket h (SO_PROTOCOL_INFOW). It returns an
// errno: WSAEAFNOSUPPORT for a socket that is not of an IP family.
func ProviderOf(h Handle) (Provider, error) {
	const soProtocolInfo = 0x2005 // SO_PROTOCOL_INFOW (winsock2.h)
	var info windows.WSAProtocolInfo
	size := int32(unsafe.Sizeof(info))
	if err := windows.Getsockopt(windows.Handle(h), windows.SOL_SOCKET, soProtocolInfo, (*byte)(unsafe.Pointer(&info)), &size); err != nil {
		return Provider{}, err
	}
	p := Provider{Family: IPv6, Datagram: info.SocketType == windows.SOCK_DGRAM}
	switch info.AddressFamily {
	case windows.AF_INET:
		p.Family = IPv4
	case windows.AF_INET6:
	default:
		return Provider{}, windows.WSAEAFNOSUPPORT
	}
	return p, nil
}
