package sysconfig

import (
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/windows"
)

func sourceOf(dst netip.Addr) (netip.Addr, error) {
	// Winsock counts the calls. Package net holds it open once it has been used.
	var data windows.WSAData
	if err := windows.WSAStartup(0x202, &data); err != nil {
		return netip.Addr{}, os.NewSyscallError("WSAStartup", err)
	}
	defer windows.WSACleanup()
	family, to := sockaddrOf(dst)
	s, err := windows.WSASocket(int32(family), windows.SOCK_DGRAM, windows.IPPROTO_UDP, nil, 0, windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("WSASocket", err)
	}
	defer windows.Closesocket(s)
	if err := windows.Connect(s, to); err != nil {
		return netip.Addr{}, os.NewSyscallError("connect", err)
	}
	from, err := windows.Getsockname(s)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("getsockname", err)
	}
	switch from := from.(type) {
	case *windows.SockaddrInet4:
		return netip.AddrFrom4(from.Addr), nil
	case *windows.SockaddrInet6:
		return netip.AddrFrom16(from.Addr), nil
	}
	return netip.Addr{}, nil
}

func sockaddrOf(dst netip.Addr) (family int, to windows.Sockaddr) {
	if dst.Is4() {
		return windows.AF_INET, &windows.SockaddrInet4{Port: probePort, Addr: dst.As4()}
	}
	return windows.AF_INET6, &windows.SockaddrInet6{Port: probePort, Addr: dst.As16(), ZoneId: zoneIndex(dst.Zone())}
}

// isUnreachable reports whether the system knows that it cannot reach a destination.
func isUnreachable(err error) bool {
	for _, e := range []error{windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAENETDOWN, windows.WSAEADDRNOTAVAIL,
		windows.WSAEAFNOSUPPORT, windows.WSAEPROTONOSUPPORT, windows.WSAEINVAL, windows.WSAEACCES} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
