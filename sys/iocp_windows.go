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

// Packet is one entry that a completion port delivers (OVERLAPPED_ENTRY).
type Packet struct {
	Key      uintptr // the key of the handle from which it came, or the posted key
	Data     uintptr // the data of the completed operation, or the posted data
	internal uintptr
	bytes    uint32
}

// PortCreate opens an I/O completion port that child processes do not inherit.
func PortCreate() (Handle, error) {
	// A port holds packets back while this many threads that have ever waited on it are running.
	// Go's threads later run other goroutines that have nothing to do with the port, so there must
	// be no limit.
	const threads = math.MaxUint32
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, threads)
	if err != nil {
		return Invalid, err
	}
	return Handle(port), nil
}

// PortAttach makes port receive the completions of h until h is closed.
func PortAttach(port, h Handle, key uintptr) error {
	_, err := windows.CreateIoCompletionPort(windows.Handle(h), windows.Handle(port), key, 0)
	return err
}

// PortPost queues a packet to port (PostQueuedCompletionStatus).
func PortPost(port Handle, key, data uintptr) error {
	return windows.PostQueuedCompletionStatus(windows.Handle(port), 0, key, overlappedOf(data))
}

// overlappedOf passes a number where a pointer is declared. Windows does not dereference it.
func overlappedOf(data uintptr) *windows.Overlapped {
	return *(**windows.Overlapped)(unsafe.Pointer(&data))
}

// PortWait stores up to len(packets) packets, oldest first, and returns their number
// (GetQueuedCompletionStatusEx). A zero timeout polls; a negative one waits indefinitely. Any other
// timeout is rounded up to whole milliseconds, and Windows may return one clock tick early.
// PortWait returns 0, nil on a timeout, and an error if the port was closed.
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

// CloseObject closes a handle that is not a socket, such as a port or a device.
func CloseObject(h Handle) error { return windows.CloseHandle(windows.Handle(h)) }

// IsObject reports whether h is an open handle of any kind, including a socket.
func IsObject(h Handle) bool {
	// The highest numbers are pseudo-handles for this process, this thread and the like. They are
	// not open handles.
	if int32(h) < 0 {
		return false
	}
	var flags uint32
	ok, _, _ := syscall.SyscallN(procGetHandleInformation.Addr(), uintptr(h), uintptr(unsafe.Pointer(&flags)))
	return ok != 0
}
