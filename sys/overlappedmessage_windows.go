package sys

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// RecvMessage starts to receive one datagram into the memory of m (WSARecvFrom, or WSARecvMsg if m
// has room for control messages). After the packet has arrived, ReceivedMessage stores the rest.
//
// WSAEMSGSIZE means that a datagram longer than m.Buffer was there at once: the operation is
// complete. The system may still post its packet, because the status is a warning and not an error.
func (o *Overlapped) RecvMessage(h Handle, m *Message) error {
	o.renew()
	o.flags, o.size = 0, int32(unsafe.Sizeof(windows.RawSockaddrAny{}))
	if len(m.Control) > 0 {
		addr, err := wsaRecvMsg.of(h)
		if err != nil {
			return err
		}
		o.describe(m)
		o.message.name, o.message.size = uintptr(unsafe.Pointer(&o.address)), o.size
		r, _, errno := syscall.SyscallN(addr, uintptr(h), uintptr(unsafe.Pointer(&o.message)), 0, uintptr(unsafe.Pointer(&o.io)), 0)
		return started(int32(r) == 0, errno)
	}
	buffer := bufferOf(m.Buffer)
	r, _, errno := syscall.SyscallN(procWSARecvFrom.Addr(), uintptr(h), uintptr(unsafe.Pointer(&buffer)), 1, 0,
		uintptr(unsafe.Pointer(&o.flags)), uintptr(unsafe.Pointer(&o.address)), uintptr(unsafe.Pointer(&o.size)), uintptr(unsafe.Pointer(&o.io)), 0)
	return started(int32(r) == 0, errno)
}

// describe makes the message of o that of m, without an address.
func (o *Overlapped) describe(m *Message) {
	o.buffer = wsaBuffer{size: bufferOf(m.Buffer).Len, at: uintptr(unsafe.Pointer(unsafe.SliceData(m.Buffer)))}
	o.message = wsaMessage{
		buffers: uintptr(unsafe.Pointer(&o.buffer)), count: 1,
		control: wsaBuffer{size: uint32(len(m.Control)), at: uintptr(unsafe.Pointer(unsafe.SliceData(m.Control)))},
	}
}

// ReceivedMessage stores the outcome of RecvMessage in m, which has received n bytes. truncated
// says that the outcome was WSAEMSGSIZE.
func (o *Overlapped) ReceivedMessage(m *Message, n int, truncated bool) {
	flags, controlN, size := 0, 0, o.size
	if len(m.Control) > 0 {
		flags, controlN, size = int(o.message.flags)&(MsgTrunc|MsgCTrunc), int(o.message.control.size), o.message.size
		if truncated && flags == 0 {
			flags = MsgTrunc
		}
		truncated = flags&MsgTrunc != 0
	} else if truncated {
		flags = MsgTrunc
	}
	if truncated {
		n = len(m.Buffer) // the buffer is full, whatever count the call returned
	}
	*m = Message{
		Buffer: m.Buffer, N: n, Addr: addrPortOfRaw((*windows.RawSockaddrAny)(unsafe.Pointer(&o.address)), size), Truncated: truncated,
		Control: m.Control, ControlN: controlN, Flags: flags,
	}
}

// SendMessage starts to send one datagram from h, a socket of family f, as the function SendMessage
// does (WSASendTo, or WSASendMsg if m has control messages). m has no Name.
func (o *Overlapped) SendMessage(h Handle, f Family, m *Message) error {
	var to uintptr
	o.size = 0
	if m.Addr != (netip.AddrPort{}) {
		size, err := rawOf(&o.address, h, f, m.Addr)
		if err != nil {
			return err
		}
		to, o.size = uintptr(unsafe.Pointer(&o.address)), size
	}
	o.renew()
	if len(m.Control) > 0 {
		o.describe(m)
		o.message.name, o.message.size = to, o.size
		r, _, errno := syscall.SyscallN(procWSASendMsg.Addr(), uintptr(h), uintptr(unsafe.Pointer(&o.message)), 0, 0,
			uintptr(unsafe.Pointer(&o.io)), 0)
		return started(int32(r) == 0, errno)
	}
	buffer := bufferOf(m.Buffer)
	r, _, errno := syscall.SyscallN(procWSASendTo.Addr(), uintptr(h), uintptr(unsafe.Pointer(&buffer)), 1, 0, 0,
		to, uintptr(o.size), uintptr(unsafe.Pointer(&o.io)), 0)
	return started(int32(r) == 0, errno)
}
