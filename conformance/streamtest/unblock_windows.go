package streamtest

import (
	"errors"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

// unblock clears the non-blocking flag of h, as on a handle that was opened elsewhere.
func unblock(h sys.Handle) error {
	const fionbio = 0x8004667e // winsock2.h
	var off uint32
	r, _, errno := syscall.NewLazyDLL("ws2_32.dll").NewProc("ioctlsocket").Call(uintptr(h), fionbio, uintptr(unsafe.Pointer(&off)))
	if r != 0 {
		return errno
	}
	return nil
}

func plainRead(sys.Handle, []byte) (int, error) { return 0, errors.ErrUnsupported }
