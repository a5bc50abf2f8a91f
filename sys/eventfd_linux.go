package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Eventfd opens an event counter (eventfd(2)) at zero, non-blocking and close-on-exec.
func Eventfd() (Handle, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// EventfdSignal adds one to the counter of h, which makes it readable. A full counter (2^64-2) is
// already readable, so EAGAIN counts as success.
func EventfdSignal(h Handle) error {
	one := uint64(1)
	_, err := Write(h, (*[8]byte)(unsafe.Pointer(&one))[:])
	if err == ErrWouldBlock {
		return nil
	}
	return err
}

// EventfdClear sets the counter of h to zero and returns its previous value.
func EventfdClear(h Handle) (uint64, error) {
	var count uint64
	_, err := Read(h, (*[8]byte)(unsafe.Pointer(&count))[:])
	if err == ErrWouldBlock {
		return 0, nil
	}
	return count, err
}
