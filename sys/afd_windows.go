package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The driver under Winsock, \Device\Afd, polls sockets for readiness; select and WSAPoll of Windows
// use it. Microsoft does not document its interface. The interface has been the same since Windows
// 2000, and libuv, wepoll, mio and others use it.
var (
	ntdll = windows.NewLazySystemDLL("ntdll.dll")

	procNtDeviceIoControlFile = ntdll.NewProc("NtDeviceIoControlFile")
	procNtCancelIoFileEx      = ntdll.NewProc("NtCancelIoFileEx")
)

// The events that an AFDPoll asks for and reports.
const (
	AFDReceive          = uint32(0x0001) // bytes, or the end of the stream, can be read
	AFDReceiveExpedited = uint32(0x0002) // urgent bytes can be read
	AFDSend             = uint32(0x0004) // bytes can be written, or a connect succeeded
	AFDDisconnect       = uint32(0x0008) // the peer has ended its sending direction
	AFDAbort            = uint32(0x0010) // the connection was reset
	AFDLocalClose       = uint32(0x0020) // the socket was closed in this process
	AFDConnect          = uint32(0x0040) // a connect succeeded
	AFDAccept           = uint32(0x0080) // a connection can be accepted
	AFDConnectFail      = uint32(0x0100) // a connect was refused or failed
)

// AFDPoll is one poll of one socket. The kernel reads it when the poll starts and writes it when
// the poll completes. Its memory must stay in place until the packet arrives, even if the poll was
// canceled or the socket was closed. So it must not be on Go's heap or stack: use AFDPolls.
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

// MaxAFDPolls is the number of polls that AFDPolls returns. They fill 64 KiB, the allocation
// granularity of Windows.
const MaxAFDPolls = 1 << 10

// AFDPolls returns memory for MaxAFDPolls polls, all zero, outside Go's heap (VirtualAlloc).
// AFDRelease frees it.
func AFDPolls() (*[MaxAFDPolls]AFDPoll, error) {
	at, err := windows.VirtualAlloc(0, unsafe.Sizeof([MaxAFDPolls]AFDPoll{}), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	return *(**[MaxAFDPolls]AFDPoll)(unsafe.Pointer(&at)), nil
}

// AFDRelease frees the memory that AFDPolls returned. No poll in it may be in progress.
func AFDRelease(polls *[MaxAFDPolls]AFDPoll) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(polls)), 0, windows.MEM_RELEASE)
}

// AFDOpen opens the driver for polls of any number of sockets. Their packets go to port with key.
func AFDOpen(port Handle, key uintptr) (Handle, error) {
	// The part after the device name only labels the handle for tools that list handles.
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
	// Without this mode, each completion would also set an event on the handle, for which no thread
	// waits.
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

// Start polls socket, which must be a base socket, for any of events through afd. A packet with
// data arrives when one occurs, now or later, and also after Cancel. If Start fails, no packet
// arrives. data must not be zero.
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
	// A poll that completes at once also posts its packet.
	if status := windows.NTStatus(r); status != windows.STATUS_SUCCESS && status != windows.STATUS_PENDING {
		return status.Errno()
	}
	return nil
}

// Cancel asks the driver to end a poll that any thread started through afd. The poll's packet
// arrives in any case. It may already be on its way, which is not an error. The memory may be
// reused only after the packet arrives.
func (p *AFDPoll) Cancel(afd Handle) error {
	// The kernel writes the outcome of the cancellation to a status block of its own, which no code
	// reads.
	var outcome windows.IO_STATUS_BLOCK
	r, _, _ := syscall.SyscallN(procNtCancelIoFileEx.Addr(), uintptr(afd), uintptr(unsafe.Pointer(&p.status)), uintptr(unsafe.Pointer(&outcome)))
	switch status := windows.NTStatus(r); status {
	case windows.STATUS_SUCCESS, windows.STATUS_NOT_FOUND:
		return nil
	default:
		return status.Errno()
	}
}

// Result returns the events that the poll found, after its packet has arrived. It returns none if
// the poll was canceled or ended without an event, and an errno if the poll failed.
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
