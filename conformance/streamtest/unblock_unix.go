//go:build unix

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// unblock clears the non-blocking flag of h, as on a handle that was opened elsewhere.
func unblock(h sys.Handle) error { return syscall.SetNonblock(int(h), false) }

// plainRead calls read(2) once. It notifies Go's scheduler, so that only its caller may be blocked.
func plainRead(h sys.Handle, p []byte) (int, error) {
	n, err := syscall.Read(int(h), p)
	if err == syscall.EAGAIN {
		return 0, sys.ErrWouldBlock
	}
	return n, err
}
