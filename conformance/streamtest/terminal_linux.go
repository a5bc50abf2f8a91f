package streamtest

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

// terminal opens both ends of a pseudo-terminal (pty(7)). Lines written to master are read from
// slave, one by one.
func terminal() (master, slave sys.Handle, err error) {
	const flags = syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_NONBLOCK | syscall.O_CLOEXEC
	m, err := syscall.Open("/dev/ptmx", flags, 0)
	if err != nil {
		return sys.Invalid, sys.Invalid, err
	}
	var locked, number int32
	var s int
	if err = terminalControl(m, syscall.TIOCSPTLCK, &locked); err == nil {
		err = terminalControl(m, syscall.TIOCGPTN, &number)
	}
	if err == nil {
		s, err = syscall.Open(fmt.Sprintf("/dev/pts/%d", number), flags, 0)
	}
	if err != nil {
		return sys.Invalid, sys.Invalid, errors.Join(err, syscall.Close(m))
	}
	return sys.Handle(m), sys.Handle(s), nil
}

func terminalControl(fd int, request uintptr, value *int32) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(value))); errno != 0 {
		return errno
	}
	return nil
}

func hasTerminals() bool {
	m, s, err := terminal()
	if err != nil {
		return false
	}
	_, _ = sys.Close(m), sys.Close(s)
	return true
}
