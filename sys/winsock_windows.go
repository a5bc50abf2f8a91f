package sys

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What golang.org/x/sys/windows has no name for, or calls in a way that allocates. Nothing is
// looked up before the first use.
var (
	ws2_32 = windows.NewLazySystemDLL("ws2_32.dll")

	procAccept      = ws2_32.NewProc("accept")
	procIoctlsocket = ws2_32.NewProc("ioctlsocket")
	procWSARecv     = ws2_32.NewProc("WSARecv")
	procWSASend     = ws2_32.NewProc("WSASend")
	procWSAPoll     = ws2_32.NewProc("WSAPoll")
)

// startWinsock starts Winsock for this process. Windows demands it before the first socket, once
// for all of the process, so that it is no state of ours alone: a second start by another package
// only counts up. It is never undone: sockets of others may be open.
var startWinsock = sync.OnceValue(func() error {
	const version22 = 0x0202
	var data windows.WSAData
	return windows.WSAStartup(version22, &data)
})

// MaxSegments is how many segments RecvSegments, SendSegments, Readv and Writev hand to the kernel
// in one call.
const MaxSegments = 16

// socketFailed is what Winsock's calls return that fail with SOCKET_ERROR.
const socketFailed = ^uintptr(0)

// failedCall tells the result of a call that returns an int, zero for success, without allocating
// for success or would-block.
func failedCall(result uintptr, errno syscall.Errno) error {
	if int32(result) == 0 {
		return nil
	}
	return socketError(errno)
}

func socketError(errno syscall.Errno) error {
	switch errno {
	case windows.WSAEWOULDBLOCK:
		return ErrWouldBlock
	case 0:
		return syscall.EINVAL // failed without saying why
	}
	return errno
}

const fionbio = 0x8004667e // FIONBIO (winsock2.h)

// SetNonblock makes a socket that was born elsewhere non-blocking (FIONBIO).
func SetNonblock(h Handle) error {
	on := uint32(1)
	r, _, errno := syscall.SyscallN(procIoctlsocket.Addr(), uintptr(h), fionbio, uintptr(unsafe.Pointer(&on)))
	return failedCall(r, errno)
}
