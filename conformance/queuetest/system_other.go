//go:build !unix

package queuetest

import (
	"errors"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func systemProbes() []probe { return nil }

func kinds() []kind { return nil }

func descriptors() (int, error) { return 0, errors.ErrUnsupported }

func putOnZero(sys.Handle) (restore func() error, err error) { return nil, errors.ErrUnsupported }

func duplicate(sys.Handle) (sys.Handle, error) { return sys.Invalid, errors.ErrUnsupported }

func inherited(h sys.Handle) (bool, error) {
	const handleFlagInherit = 1
	var flags uint32
	get := syscall.NewLazyDLL("kernel32.dll").NewProc("GetHandleInformation")
	if ok, _, err := get.Call(uintptr(h), uintptr(unsafe.Pointer(&flags))); ok == 0 {
		return false, err
	}
	return flags&handleFlagInherit != 0, nil
}

// The errors of Windows for a handle that is not open or is not a socket. Windows does not
// distinguish the two.
const (
	errorInvalidHandle = syscall.Errno(6)
	wsaENOTSOCK        = syscall.Errno(10038)
)

// notOpen reports whether err means that a handle is not open.
func notOpen(err error) bool {
	return errors.Is(err, errorInvalidHandle) || errors.Is(err, wsaENOTSOCK) || errors.Is(err, queue.ErrNotPollable)
}
