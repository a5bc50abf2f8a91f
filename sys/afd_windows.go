package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The driver behind Winsock, \Device\Afd, polls sockets for readiness: it is what select and
// WSAPoll of Windows ask. Its interface is not documented by Microsoft; it has been the same since
// Windows 2000 and is used by libuv, wepoll, mio and others.
var (
	ntdll = windows.NewLazySystemDLL("ntdll.dll")

	procNtDeviceIoControlFile = ntdll.NewProc("NtDeviceIoControlFile")
	procNtCancelIoFileEx      = ntdll.NewProc("NtCancelIoFileEx")
)

// What an AFDPoll asks for and reports.
const (
	AFDReceive          = uint32(0x0001) // there are bytes to read, or the end behind them
	AFDReceiveExpedited = uint32(0x0002) // there are urgent bytes
	AFDSend             = uint32(0x0004) // there is room to write, or a connection was made
	AFDDisconnect       = uint32(0x0008) // the peer will send no more
	AFDAbort            = uint32(0x0010) // the connection was reset
	AFDLocalClose       = uint32(0x0020) // the socket was closed in this process
	AFDConnect          = uint32(0x0040) // a connection was made
	AFDAccept           = uint32(0x0080) // a connection waits to be accepted
	AFDConnectFail      = uint32(0x0100) // a connection was refused, or could not be made
)

// AFDPoll is one poll of one socket: the kernel reads it when the poll starts, and writes it when
// it completes. Its memory must stay where it is until the packet has come, even when the poll was
// canceled or the socket was closed, so it must not be memory of Go: use AFDPolls.
type AFDPoll struct {
	status windows.IO_STATUS_BLOCK
	info   afdPollInfo
	_      [64 - unsafe.Sizeof(windows.IO_STATUS_BLOCK{}) - unsafe.Sizeof(afdPollInfo{})]byte // polls of two threads share no cache line
}

// afdPollInfo is AFD_POLL_INFO with room for one AFD_POLL_HANDLE_INFO.
type afdPollInfo struct {
	timeout   int64
	handles   uint32
	exclusive uint32
	handle    uintptr
	events    uint32
	status    windows.NTStatus
	_         [8 - unsafe.Sizeof(uintptr(0))]byte // in C, the size is a multiple of eight
}

// MaxAFDPolls is how many polls AFDPolls makes: they fill 64 KiB, the grain in which Windows gives
// memory.
const MaxAFDPolls = 1 << 10

// AFDPolls returns memory for MaxAFDPolls polls, all zero, outside of Go's heap (VirtualAlloc).
// AFDRelease gives it back.
func AFDPolls() (*[MaxAFDPolls]AFDPoll, error) {
	at, err := windows.VirtualAlloc(0, unsafe.Sizeof([MaxAFDPolls]AFDPoll{}), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	return *(**[MaxAFDPolls]AFDPoll)(unsafe.Pointer(&at)), nil
}

// AFDRelease gives the memory of AFDPolls back. No poll in it may be under way.
func AFDRelease(polls *[MaxAFDPolls]AFDPoll) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(polls)), 0, windows.MEM_RELEASE)
}

// AFDOpen opens the driver, for polls of any number of sockets, whose packets go to port with key.
func AFDOpen(port Handle, key uintptr) (Handle, error) {
	// What follows the name of the device is for the eyes of whoever lists handles.
	name, err := windows.NewNTUnicodeString(`\Device\Afd\Edgewise`)
	if err != nil {
		return Invalid, err
	}
	attributes := windows.OBJECT_ATTRIBUTES{ObjectName: name}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var h windows.Handle
	var status windows.IO_STATUS_BLOCK
	if err := windows.NtCreateFile(&h, windows.SYNCHRONIZE, &attributes, &status, nil, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE,
		windows.FILE_OPEN, 0, 0, 0); err != nil {
		return Invalid, errnoOf(err)
	}
	if err := PortAttach(port, Handle(h), key); err != nil {
		windows.CloseHandle(h)
		return Invalid, err
	}
	// An event on the handle itself, which nobody waits for, would be set at each completion.
	if err := windows.SetFileCompletionNotificationModes(h, windows.FILE_SKIP_SET_EVENT_ON_HANDLE); err != nil {
		windows.CloseHandle(h)
		return Invalid, err
	}
	return Handle(h), nil
}

func errnoOf(err error) error {
	if status, ok := err.(windows.NTStatus); ok {
		return status.Errno()
	}
	return err
}

// Start polls socket, which must be a base socket, for one of events through afd. When there is
// one, now or later, a packet with data comes; so it does after Cancel. If Start fails, no packet
// comes. data must not be zero.
func (p *AFDPoll) Start(afd, socket Handle, events uint32, data uintptr) error {
	const (
		pollIoctl = 0x00012024 // IOCTL_AFD_POLL
		forever   = 1<<63 - 1
	)
	p.status = windows.IO_STATUS_BLOCK{Status: windows.STATUS_PENDING}
	p.info = afdPollInfo{timeout: forever, handles: 1, handle: uintptr(socket), events: events}
	info, size := uintptr(unsafe.Pointer(&p.info)), unsafe.Sizeof(p.info)
	r, _, _ := syscall.SyscallN(procNtDeviceIoControlFile.Addr(), uintptr(afd), 0, 0, data, uintptr(unsafe.Pointer(&p.status)), pollIoctl,
		info, size, info, size)
	// A poll that completes at once posts its packet all the same.
	if status := windows.NTStatus(r); status != windows.STATUS_SUCCESS && status != windows.STATUS_PENDING {
		return status.Errno()
	}
	return nil
}

// Cancel asks for the end of a poll that was started through afd, by whatever thread. Its packet
// comes in any case: it may have been on its way already, which is no error. Only when the packet
// has come may the memory be used again.
func (p *AFDPoll) Cancel(afd Handle) error {
	// The kernel writes the outcome of the cancellation: it has a block of its own, which is not
	// read.
	var outcome windows.IO_STATUS_BLOCK
	r, _, _ := syscall.SyscallN(procNtCancelIoFileEx.Addr(), uintptr(afd), uintptr(unsafe.Pointer(&p.status)), uintptr(unsafe.Pointer(&outcome)))
	switch status := windows.NTStatus(r); status {
	case windows.STATUS_SUCCESS, windows.STATUS_NOT_FOUND:
		return nil
	default:
		return status.Errno()
	}
}

// Result returns what the poll found once its packet has come: none of the events if it was
// canceled or ended without one, an errno if it failed.
func (p *AFDPoll) Result() (events uint32, err error) {
	switch status := p.status.Status; {
	case status == windows.STATUS_CANCELLED, status == statusHandlesClosed:
		return 0, nil
	case status != windows.STATUS_SUCCESS:
		return 0, status.Errno()
	case p.info.handles == 0:
		return 0, nil
	}
	return p.info.events, nil
}

const statusHandlesClosed = windows.NTStatus(0x8000000a) // STATUS_HANDLES_CLOSED (ntstatus.h)
