//go:build unix

package urgent

import (
	"io"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

// send sends p. If urgent is set, the last byte of p is urgent data.
func send(h sys.Handle, p []byte, urgent bool) error {
	flags := 0
	if urgent {
		flags = syscall.MSG_OOB
	}
	n, err := syscall.SendmsgN(int(h), p, nil, nil, flags)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// KeepInline keeps urgent data that arrives at h in line with the other bytes.
func KeepInline(h sys.Handle) error {
	return syscall.SetsockoptInt(int(h), syscall.SOL_SOCKET, syscall.SO_OOBINLINE, 1)
}

// Unacknowledged returns how many bytes sent by h may not have arrived (SIOCOUTQ on Linux, see
// tcp(7)). It returns 0 if the system does not report it.
func Unacknowledged(h sys.Handle) int {
	var left int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(h), syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&left)))
	if errno != 0 {
		return 0
	}
	return int(left)
}
