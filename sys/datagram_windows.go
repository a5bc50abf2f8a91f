package sys

import (
	"errors"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	procWSARecvFrom = ws2_32.NewProc("WSARecvFrom")
	procWSASendTo   = ws2_32.NewProc("WSASendTo")
)

// UDPSocket opens a UDP socket that child processes do not inherit, and makes it non-blocking. It
// does not report that a datagram could not be delivered (SIO_UDP_CONNRESET, SIO_UDP_NETRESET).
// Windows would report that to the next receive, on connected and unconnected sockets, and would
// not identify the datagram.
func UDPSocket(f Family) (Handle, error) {
	h, err := openSocket(f, windows.SOCK_DGRAM, windows.IPPROTO_UDP)
	if err != nil {
		return Invalid, err
	}
	for _, report := range [...]uint32{windows.SIO_UDP_CONNRESET, windows.SIO_UDP_NETRESET} {
		off, returned := uint32(0), uint32(0)
		err := windows.WSAIoctl(windows.Handle(h), report, (*byte)(unsafe.Pointer(&off)), uint32(unsafe.Sizeof(off)), nil, 0, &returned, nil, 0)
		if err != nil && err != windows.WSAEOPNOTSUPP { // a provider that does not know the report does not make it
			return Invalid, errors.Join(err, Close(h))
		}
	}
	return h, nil
}

// UnixgramSocket returns an error that is [errors.ErrUnsupported]: Windows supports Unix-domain
// sockets for streams only.
func UnixgramSocket() (Handle, error) { return Invalid, errors.ErrUnsupported }

// SetBroadcast sets whether a UDP socket may send to broadcast addresses (SO_BROADCAST). If not,
// Windows refuses such a send with WSAEACCES.
func SetBroadcast(h Handle, on bool) error {
	return setBool(h, windows.SOL_SOCKET, windows.SO_BROADCAST, on)
}

// RecvMessage receives one datagram from h, a non-blocking datagram socket (WSARecvFrom, or
// WSARecvMsg if m has room for control messages, without an OVERLAPPED).
func RecvMessage(h Handle, m *Message) error {
	if len(m.Control) > 0 {
		return recvWithControl(h, m)
	}
	var raw windows.RawSockaddrAny
	size := int32(unsafe.Sizeof(raw))
	buffer := bufferOf(m.Buffer)
	var n, flags uint32
	r, _, errno := syscall.SyscallN(procWSARecvFrom.Addr(), uintptr(h), uintptr(unsafe.Pointer(&buffer)), 1, uintptr(unsafe.Pointer(&n)),
		uintptr(unsafe.Pointer(&flags)), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)), 0, 0)
	err := failedCall(r, errno)
	truncated := err == windows.WSAEMSGSIZE
	if err != nil && !truncated {
		return err
	}
	if truncated {
		n = buffer.Len // the buffer is full, whatever count the call returned
	}
	*m = Message{Buffer: m.Buffer, N: int(n), Addr: addrPortOfRaw(&raw, size), Control: m.Control, Truncated: truncated}
	if truncated {
		m.Flags = MsgTrunc
	}
	return nil
}

// SendMessage sends one datagram from h, a non-blocking datagram socket (WSASendTo, or WSASendMsg
// if m has control messages, without an OVERLAPPED). It sends all of it, or none and returns an
// error. f is the family of h: an IPv6 socket sends to an IPv4 address by mapping it. SendMessage
// refuses a Message with a Name with an error that is [errors.ErrUnsupported].
func SendMessage(h Handle, f Family, m *Message) error {
	if m.Name != "" {
		return errors.ErrUnsupported
	}
	if m.Addr == (netip.AddrPort{}) {
		return sendTo(h, m, nil, 0)
	}
	var to rawAddress
	size, err := rawOf(&to, h, f, m.Addr)
	if err != nil {
		return err
	}
	return sendTo(h, m, unsafe.Pointer(&to), size)
}

func sendTo(h Handle, m *Message, to unsafe.Pointer, size int32) error {
	buffer := bufferOf(m.Buffer)
	var n uint32
	if len(m.Control) > 0 {
		msg := windows.WSAMsg{Name: (*syscall.RawSockaddrAny)(to), Namelen: size, Buffers: &buffer, BufferCount: 1, Control: bufferOf(m.Control)}
		r, _, errno := syscall.SyscallN(procWSASendMsg.Addr(), uintptr(h), uintptr(unsafe.Pointer(&msg)), 0, uintptr(unsafe.Pointer(&n)), 0, 0)
		return failedCall(r, errno)
	}
	r, _, errno := syscall.SyscallN(procWSASendTo.Addr(), uintptr(h), uintptr(unsafe.Pointer(&buffer)), 1, uintptr(unsafe.Pointer(&n)), 0,
		uintptr(to), uintptr(size), 0, 0)
	return failedCall(r, errno)
}
