package sys

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// These procedures have no name in golang.org/x/sys/windows, or allocate when called through it.
// None is looked up before its first use.
var (
	ws2_32 = windows.NewLazySystemDLL("ws2_32.dll")

	procAccept      = ws2_32.NewProc("accept")
	procIoctlsocket = ws2_32.NewProc("ioctlsocket")
	procWSARecv     = ws2_32.NewProc("WSARecv")
	procWSASend     = ws2_32.NewProc("WSASend")
	procWSAPoll     = ws2_32.NewProc("WSAPoll")
)

// startWinsock starts Winsock for this process. Windows requires that before the first socket. The
// state is not ours alone but the whole process's: a second start by another package only
// increments a counter. It is never undone, because others may have open sockets.
var startWinsock = sync.OnceValue(func() error {
	const version22 = 0x0202
	var data windows.WSAData
	return windows.WSAStartup(version22, &data)
})

// MaxSegments is the most segments that one call of RecvSegments, SendSegments, Readv or Writev
// passes to the kernel.
const MaxSegments = 16

// socketFailed is the result of a Winsock call that fails with SOCKET_ERROR.
const socketFailed = ^uintptr(0)

// failedCall converts the result of a call that returns an int, zero for success. It does not
// allocate for success or would-block.
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
		return syscall.EINVAL // failed without an error number
	}
	return errno
}

const fionbio = 0x8004667e // FIONBIO (winsock2.h)

// SetNonblock makes the socket h non-blocking (FIONBIO). It is for sockets that this package did
// not create.
func SetNonblock(h Handle) error {
	on := uint32(1)
	r, _, errno := syscall.SyscallN(procIoctlsocket.Addr(), uintptr(h), fionbio, uintptr(unsafe.Pointer(&on)))
	return failedCall(r, errno)
}
