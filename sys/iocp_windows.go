package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	procGetQueuedCompletionStatusEx = kernel32.NewProc("GetQueuedCompletionStatusEx")
	procGetHandleInformation        = kernel32.NewProc("GetHandleInformation")
)

// Packet is what a completion port delivers (OVERLAPPED_ENTRY).
type Packet struct {
	Key      uintptr // of the handle that it came from, or as posted
	Data     uintptr // of the operation that was completed, or as posted
	internal uintptr
	bytes    uint32
}

// PortCreate opens an I/O completion port, which no child process inherits.
func PortCreate() (Handle, error) {
	// A port holds packets back while so many threads run that have ever waited for it. Go's
	// threads run other goroutines afterwards, which have nothing to do with the port, so there is
	// no limit.
	const threads = math.MaxUint32
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, threads)
	if err != nil {
		return Invalid, err
	}
	return Handle(port), nil
}

// PortAttach makes port receive what completes on h, until h is closed.
func PortAttach(port, h Handle, key uintptr) error {
	_, err := windows.CreateIoCompletionPort(windows.Handle(h), windows.Handle(port), key, 0)
	return err
}

// PortPost puts a packet into port (PostQueuedCompletionStatus).
func PortPost(port Handle, key, data uintptr) error {
	return windows.PostQueuedCompletionStatus(windows.Handle(port), 0, key, overlappedOf(data))
}

// overlappedOf says a number where a pointer is declared. Nobody follows it.
func overlappedOf(data uintptr) *windows.Overlapped {
	return *(**windows.Overlapped)(unsafe.Pointer(&data))
}

// PortWait stores up to len(packets) packets, the oldest first, and returns how many
// (GetQueuedCompletionStatusEx). A timeout of zero returns at once; a negative one waits for ever;
// others are rounded up to whole milliseconds, and Windows may return one tick of its clock early.
// It returns 0, nil when the time has passed, and an error when port was closed.
func PortWait(port Handle, packets []Packet, timeout time.Duration) (int, error) {
	var n uint32
	const alertable = 0
	ok, _, errno := syscall.SyscallN(procGetQueuedCompletionStatusEx.Addr(), uintptr(port), uintptr(unsafe.Pointer(unsafe.SliceData(packets))),
		uintptr(len(packets)), uintptr(unsafe.Pointer(&n)), uintptr(milliseconds(timeout)), alertable)
	if ok != 0 {
		return int(n), nil
	}
	if errno == syscall.Errno(windows.WAIT_TIMEOUT) {
		return 0, nil
	}
	return 0, errno
}

// CloseObject ends a handle that is not a socket: a port, a device.
func CloseObject(h Handle) error { return windows.CloseHandle(windows.Handle(h)) }

// IsObject reports whether h is an open handle of any kind, a socket included.
func IsObject(h Handle) bool {
	// The highest numbers mean this process, this thread and the like, without being open handles.
	if int32(h) < 0 {
		return false
	}
	var flags uint32
	ok, _, _ := syscall.SyscallN(procGetHandleInformation.Addr(), uintptr(h), uintptr(unsafe.Pointer(&flags)))
	return ok != 0
}
