package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	procWSAGetOverlappedResult = ws2_32.NewProc("WSAGetOverlappedResult")
	procCancelIoEx             = kernel32.NewProc("CancelIoEx")
)

// Overlapped is one operation of a socket that completes on the port to which the socket is
// attached (PortAttach). A method that starts the operation returns nil if its packet arrives, now
// or later, and also after Cancel. The data of the packet is that of Data. If the start fails, no
// packet arrives, except perhaps after WSAEMSGSIZE; see RecvMessage.
//
// The kernel writes the outcome here, and reads or writes the memory of the operation. Both must
// stay in place until the packet has been taken. So an Overlapped must not be on Go's heap or
// stack: use Overlappeds. It holds no reference to the memory of the operation, which the caller
// keeps alive.
type Overlapped struct {
	overlappedParts
	_ [overlappedSize - unsafe.Sizeof(overlappedParts{})]byte // operations of two threads share no cache line
}

// overlappedParts has no pointer: Go must not follow one from memory outside its heap.
type overlappedParts struct {
	io      windows.Overlapped
	address rawAddress
	message wsaMessage
	buffer  wsaBuffer
	size    int32 // of the address
	flags   uint32
}

// wsaBuffer is WSABUF.
type wsaBuffer struct {
	size uint32
	at   uintptr
}

// wsaMessage is WSAMSG.
type wsaMessage struct {
	name    uintptr
	size    int32
	buffers uintptr
	count   uint32
	control wsaBuffer
	flags   uint32
}

const overlappedSize = 1 << 8

// MaxOverlappeds is the number of operations that Overlappeds returns. They fill 64 KiB, the
// allocation granularity of Windows.
const MaxOverlappeds = overlappedSlab / overlappedSize

const overlappedSlab = 1 << 16

// Overlappeds returns memory for MaxOverlappeds operations, all zero, outside Go's heap
// (VirtualAlloc). OverlappedRelease frees it.
func Overlappeds() (*[MaxOverlappeds]Overlapped, error) {
	at, err := windows.VirtualAlloc(0, overlappedSlab, windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	return *(**[MaxOverlappeds]Overlapped)(unsafe.Pointer(&at)), nil
}

// OverlappedRelease frees the memory that Overlappeds returned. No operation in it may be in
// progress.
func OverlappedRelease(slab *[MaxOverlappeds]Overlapped) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(slab)), 0, windows.MEM_RELEASE)
}

// OverlappedIndex splits the data of a packet into that of the first operation of its slab, and the
// index in the slab. ok is false if no operation has this data.
func OverlappedIndex(data uintptr) (first uintptr, index int, ok bool) {
	first = data &^ (overlappedSlab - 1)
	return first, int(data-first) / overlappedSize, data%overlappedSize == 0
}

// Data returns the data of the packet of o.
func (o *Overlapped) Data() uintptr { return uintptr(unsafe.Pointer(o)) }

// Pending reports whether the kernel has not yet written the outcome.
func (o *Overlapped) Pending() bool {
	return uint32(o.io.Internal) == uint32(windows.STATUS_PENDING)
}

func (o *Overlapped) renew() {
	o.io = windows.Overlapped{Internal: uintptr(uint32(windows.STATUS_PENDING))}
}

// started converts the result of a call that starts an operation. A call that succeeded at once
// also posts its packet.
func started(ok bool, errno syscall.Errno) error {
	switch {
	case ok, errno == windows.ERROR_IO_PENDING:
		return nil
	case errno == 0:
		return syscall.EINVAL // failed without an error number
	}
	return errno
}

// Recv starts to receive bytes of a stream into segments, of which at most MaxSegments may be
// nonempty (WSARecv). Without any, the packet arrives when Recv would not block, and no byte is
// taken.
func (o *Overlapped) Recv(h Handle, segments ...[]byte) error {
	var vector [MaxSegments]windows.WSABuf
	count := wholeVectorOf(&vector, segments)
	if count == 0 {
		vector[0].Buf, count = (*byte)(unsafe.Pointer(&o.address)), 1
	}
	o.renew()
	o.flags = 0
	r, _, errno := syscall.SyscallN(procWSARecv.Addr(), uintptr(h), uintptr(unsafe.Pointer(&vector)), uintptr(count), 0,
		uintptr(unsafe.Pointer(&o.flags)), uintptr(unsafe.Pointer(&o.io)), 0)
	return started(int32(r) == 0, errno)
}

// Send starts to send all bytes of segments, of which at most MaxSegments may be nonempty
// (WSASend).
func (o *Overlapped) Send(h Handle, segments ...[]byte) error {
	var vector [MaxSegments]windows.WSABuf
	count := wholeVectorOf(&vector, segments)
	o.renew()
	r, _, errno := syscall.SyscallN(procWSASend.Addr(), uintptr(h), uintptr(unsafe.Pointer(&vector)), uintptr(count), 0, 0,
		uintptr(unsafe.Pointer(&o.io)), 0)
	return started(int32(r) == 0, errno)
}

// Cancel requests the end of the operation, which any thread may have started on h (CancelIoEx).
// Its packet arrives in any case. It may already be on its way, which is not an error.
func (o *Overlapped) Cancel(h Handle) error {
	ok, _, errno := syscall.SyscallN(procCancelIoEx.Addr(), uintptr(h), uintptr(unsafe.Pointer(&o.io)))
	if ok != 0 || errno == windows.ERROR_NOT_FOUND {
		return nil
	}
	return errno
}

// Result returns the outcome after the packet has arrived: the number of bytes moved, and an errno
// if the operation failed. It is ERROR_OPERATION_ABORTED if the operation was canceled or the
// socket was closed; some bytes may have moved before. The vector of the caller may be gone, but h
// must be open.
func (o *Overlapped) Result(h Handle) (int, error) {
	n := int(o.io.InternalHigh)
	switch windows.NTStatus(o.io.Internal) {
	case windows.STATUS_SUCCESS:
		return n, nil
	case windows.STATUS_CANCELLED, statusHandlesClosed:
		return n, windows.ERROR_OPERATION_ABORTED
	}
	// This gives the error number of Winsock for the status.
	var count, flags uint32
	const wait = 0
	ok, _, errno := syscall.SyscallN(procWSAGetOverlappedResult.Addr(), uintptr(h), uintptr(unsafe.Pointer(&o.io)),
		uintptr(unsafe.Pointer(&count)), wait, uintptr(unsafe.Pointer(&flags)))
	if ok != 0 {
		return int(count), nil
	}
	return n, errno
}

// wholeVectorOf skips empty segments and cuts none short.
func wholeVectorOf(vector *[MaxSegments]windows.WSABuf, segments [][]byte) int {
	count := 0
	for _, s := range segments {
		if len(s) > 0 && count < MaxSegments {
			vector[count] = windows.WSABuf{Len: uint32(len(s)), Buf: unsafe.SliceData(s)}
			count++
		}
	}
	return count
}
