package sys

import (
	"errors"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Socket opens a TCP socket that child processes do not inherit, and makes it non-blocking.
func Socket(f Family) (Handle, error) {
	return openSocket(f, windows.SOCK_STREAM, windows.IPPROTO_TCP)
}

func openSocket(f Family, kind, protocol int32) (Handle, error) {
	if err := startWinsock(); err != nil {
		return Invalid, err
	}
	domain := int32(windows.AF_INET6)
	if f == IPv4 {
		domain = windows.AF_INET
	}
	const flags = windows.WSA_FLAG_OVERLAPPED | windows.WSA_FLAG_NO_HANDLE_INHERIT
	s, err := windows.WSASocket(domain, kind, protocol, nil, 0, flags)
	if err != nil {
		return Invalid, err
	}
	h := Handle(s)
	if err := SetNonblock(h); err != nil {
		return Invalid, errors.Join(err, Close(h))
	}
	return h, nil
}

// Accept takes one connection off the queue of the listening socket h and returns it with its
// peer's address. The new handle is non-blocking, and child processes do not inherit it. h must be
// non-blocking.
func Accept(h Handle) (Handle, netip.AddrPort, error) {
	// accept has no flag against inheritance. A caller that starts a child under this lock does not
	// see the handle before the flag is set.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var raw windows.RawSockaddrAny
	size := int32(unsafe.Sizeof(raw))
	s, _, errno := syscall.SyscallN(procAccept.Addr(), uintptr(h), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)))
	if s == socketFailed {
		return Invalid, netip.AddrPort{}, socketError(errno)
	}
	n := Handle(s)
	if err := windows.SetHandleInformation(windows.Handle(n), windows.HANDLE_FLAG_INHERIT, 0); err != nil {
		return Invalid, netip.AddrPort{}, errors.Join(err, Close(n))
	}
	if err := SetNonblock(n); err != nil {
		return Invalid, netip.AddrPort{}, errors.Join(err, Close(n))
	}
	return n, addrPortOfRaw(&raw, size), nil
}

// Pipe returns an error that is [errors.ErrUnsupported]: no queue can wait for a Windows pipe, and
// such a pipe cannot be made non-blocking.
func Pipe() (r, w Handle, err error) { return Invalid, Invalid, errors.ErrUnsupported }

// Close closes the socket h (closesocket).
func Close(h Handle) error { return windows.Closesocket(windows.Handle(h)) }

// Bind assigns h a local address.
func Bind(h Handle, addr netip.AddrPort) error {
	sa, err := sockaddrOf(h, addr)
	if err != nil {
		return err
	}
	return windows.Bind(windows.Handle(h), sa)
}

// Listen makes h accept connections. The kernel silently adjusts backlog to its own limits.
func Listen(h Handle, backlog int) error { return windows.Listen(windows.Handle(h), backlog) }

// Connect starts a connection. It returns nil if the connection was made at once, and an error of
// [ClassInProgress] if the connect continues in the kernel. That error is WSAEINPROGRESS:
// WSAEWOULDBLOCK, which Windows returns, could not be distinguished from an operation to be tried
// again.
func Connect(h Handle, addr netip.AddrPort) error {
	sa, err := sockaddrOf(h, addr)
	if err != nil {
		return err
	}
	if err := windows.Connect(windows.Handle(h), sa); err != windows.WSAEWOULDBLOCK {
		return err
	}
	return windows.WSAEINPROGRESS
}

const soError = 0x1007 // SO_ERROR (winsock2.h)

// SocketError returns the pending error of h (SO_ERROR), which is the outcome of a connect. Callers
// must not rely on the call to clear it.
func SocketError(h Handle) error {
	v, err := windows.GetsockoptInt(windows.Handle(h), windows.SOL_SOCKET, soError)
	if err != nil {
		return err
	}
	if v != 0 {
		return windows.Errno(v)
	}
	return nil
}

// Shutdown ends one direction of a connection, or both.
func Shutdown(h Handle, how How) error {
	return windows.Shutdown(windows.Handle(h), [...]int{windows.SHUT_RD, windows.SHUT_WR, windows.SHUT_RDWR}[how])
}

// LocalAddr returns the address to which h is bound.
func LocalAddr(h Handle) (netip.AddrPort, error) {
	sa, err := windows.Getsockname(windows.Handle(h))
	if err != nil {
		return netip.AddrPort{}, err
	}
	return addrPortOf(sa), nil
}

// PeerAddr returns the address to which h is connected.
func PeerAddr(h Handle) (netip.AddrPort, error) {
	sa, err := windows.Getpeername(windows.Handle(h))
	if err != nil {
		return netip.AddrPort{}, err
	}
	return addrPortOf(sa), nil
}

// IsNonblock returns an error that is [errors.ErrUnsupported]: Windows does not report the mode.
func IsNonblock(h Handle) (bool, error) { return false, errors.ErrUnsupported }
