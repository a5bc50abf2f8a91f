//go:build unix

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

func classOfErrno(err error) Class {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return ClassOther
	}
	switch errno {
	case unix.EAGAIN:
		return ClassWouldBlock
	case unix.EINTR:
		return ClassInterrupted
	case unix.EINPROGRESS, unix.EALREADY:
		return ClassInProgress
	case unix.ECONNRESET, unix.EPIPE, unix.ECONNABORTED, unix.ENOTCONN, unix.ESHUTDOWN, unix.ETIMEDOUT:
		return ClassDisconnected
	case unix.ECONNREFUSED:
		return ClassRefused
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.EHOSTDOWN:
		return ClassUnreachable
	case unix.EMFILE, unix.ENFILE:
		return ClassOutOfDescriptors
	case unix.ENOBUFS, unix.ENOMEM:
		return ClassOutOfMemory
	case unix.ENOSYS, unix.EOPNOTSUPP, unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT:
		return ClassUnsupported
	}
	return ClassOther
}
