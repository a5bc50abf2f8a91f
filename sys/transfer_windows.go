package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Recv reads up to len(p) bytes from the socket h, which must be non-blocking (WSARecv without an
// OVERLAPPED). It returns 0, nil at the end of the stream, and for an empty p.
func Recv(h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	buffer := bufferOf(p)
	return receive(h, &buffer, 1)
}

// Send writes up to len(p) bytes to the socket h, which must be non-blocking (WSASend without an
// OVERLAPPED), and returns how many the kernel took. Windows may take far more than its send buffer
// holds.
func Send(h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	buffer := bufferOf(p)
	return send(h, &buffer, 1)
}

// RecvSegments is Recv into several segments in order. It fills at most the first MaxSegments
// nonempty segments; the others stay unchanged.
func RecvSegments(h Handle, segments [][]byte) (int, error) {
	var vector [MaxSegments]windows.WSABuf
	count := vectorOf(&vector, segments)
	if count == 0 {
		return 0, nil
	}
	return receive(h, &vector[0], count)
}

// SendSegments is Send of several segments in order. It sends at most the first MaxSegments
// nonempty segments; the others are left for the next call.
func SendSegments(h Handle, segments [][]byte) (int, error) {
	var vector [MaxSegments]windows.WSABuf
	count := vectorOf(&vector, segments)
	if count == 0 {
		return 0, nil
	}
	return send(h, &vector[0], count)
}

// Read is Recv: Windows has non-blocking transfers for sockets only.
func Read(h Handle, p []byte) (int, error) { return Recv(h, p) }

// Write is Send: Windows has non-blocking transfers for sockets only.
func Write(h Handle, p []byte) (int, error) { return Send(h, p) }

// Readv is RecvSegments.
func Readv(h Handle, segments [][]byte) (int, error) { return RecvSegments(h, segments) }

// Writev is SendSegments.
func Writev(h Handle, segments [][]byte) (int, error) { return SendSegments(h, segments) }

func receive(h Handle, buffers *windows.WSABuf, count int) (int, error) {
	var n, flags uint32
	r, _, errno := syscall.SyscallN(procWSARecv.Addr(), uintptr(h), uintptr(unsafe.Pointer(buffers)), uintptr(count),
		uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&flags)), 0, 0)
	err := failedCall(r, errno)
	if err == windows.WSAESHUTDOWN {
		// The reading half was shut down locally (Shutdown), which other systems report as the end
		// of the stream.
		err = nil
	}
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

func send(h Handle, buffers *windows.WSABuf, count int) (int, error) {
	var n uint32
	r, _, errno := syscall.SyscallN(procWSASend.Addr(), uintptr(h), uintptr(unsafe.Pointer(buffers)), uintptr(count),
		uintptr(unsafe.Pointer(&n)), 0, 0, 0)
	if err := failedCall(r, errno); err != nil {
		return 0, err
	}
	return int(n), nil
}

// bufferMax is the largest buffer passed to the kernel: the length has 32 bits, and a transfer may
// be short.
const bufferMax = 1 << 30

func bufferOf(p []byte) windows.WSABuf {
	return windows.WSABuf{Len: uint32(min(len(p), bufferMax)), Buf: unsafe.SliceData(p)}
}

// vectorOf skips empty segments: they would use up the bound and carry no bytes. It stops after a
// segment that it cuts short: the next segment must not be sent without the rest of that one.
func vectorOf(vector *[MaxSegments]windows.WSABuf, segments [][]byte) int {
	count := 0
	for _, s := range segments {
		if len(s) == 0 {
			continue
		}
		if count == MaxSegments {
			break
		}
		vector[count] = bufferOf(s)
		count++
		if len(s) > bufferMax {
			break
		}
	}
	return count
}
