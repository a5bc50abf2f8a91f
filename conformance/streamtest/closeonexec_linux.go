package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// closesOnExec reports whether a child process would not inherit h.
func closesOnExec(h sys.Handle) (bool, error) {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(h), syscall.F_GETFD, 0)
	if errno != 0 {
		return false, errno
	}
	return flags&syscall.FD_CLOEXEC != 0, nil
}
