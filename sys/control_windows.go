package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// procWSASendMsg has an address that ws2_32.dll exports. That of WSARecvMsg comes from the provider
// of a socket; see extension.
var procWSASendMsg = ws2_32.NewProc("WSASendMsg")

// recvWithControl receives one datagram with its control messages (WSARecvMsg).
func recvWithControl(h Handle, m *Message) error {
	addr, err := wsaRecvMsg.of(h)
	if err != nil {
		return err
	}
	var from windows.RawSockaddrAny
	buffer := bufferOf(m.Buffer)
	msg := windows.WSAMsg{
		Name: (*syscall.RawSockaddrAny)(unsafe.Pointer(&from)), Namelen: int32(unsafe.Sizeof(from)), Buffers: &buffer, BufferCount: 1,
		Control: bufferOf(m.Control),
	}
	var n uint32
	r, _, errno := syscall.SyscallN(addr, uintptr(h), uintptr(unsafe.Pointer(&msg)), uintptr(unsafe.Pointer(&n)), 0, 0)
	err = failedCall(r, errno)
	flags := int(msg.Flags) & (MsgTrunc | MsgCTrunc)
	if err == windows.WSAEMSGSIZE && flags == 0 {
		flags = MsgTrunc
	}
	if err != nil && err != windows.WSAEMSGSIZE {
		return err
	}
	if flags&MsgTrunc != 0 {
		n = buffer.Len // the buffer is full, whatever count the call returned
	}
	*m = Message{
		Buffer: m.Buffer, N: int(n), Addr: addrPortOfRaw(&from, msg.Namelen), Truncated: flags&MsgTrunc != 0,
		Control: m.Control, ControlN: int(msg.Control.Len), Flags: flags,
	}
	return nil
}
