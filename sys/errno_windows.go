package sys

import (
	"errors"

	"golang.org/x/sys/windows"
)

func classOfErrno(err error) Class {
	var errno windows.Errno
	if !errors.As(err, &errno) {
		return ClassOther
	}
	switch errno {
	case windows.WSAEWOULDBLOCK:
		return ClassWouldBlock
	case windows.WSAEINTR:
		return ClassInterrupted
	case windows.WSAEINPROGRESS, windows.WSAEALREADY:
		return ClassInProgress
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENOTCONN, windows.WSAESHUTDOWN, windows.WSAETIMEDOUT:
		return ClassDisconnected
	case windows.WSAECONNREFUSED:
		return ClassRefused
	case windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAENETDOWN, windows.WSAEHOSTDOWN:
		return ClassUnreachable
	case windows.WSAEMFILE:
		return ClassOutOfDescriptors
	case windows.WSAENOBUFS:
		return ClassOutOfMemory
	case windows.WSAEOPNOTSUPP, windows.WSAEAFNOSUPPORT, windows.WSAEPROTONOSUPPORT:
		return ClassUnsupported
	}
	return ClassOther
}
