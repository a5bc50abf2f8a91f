package sys

import (
	"errors"
	"syscall"

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
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET, windows.WSAENOTCONN, windows.WSAESHUTDOWN, windows.WSAEDISCON,
		windows.WSAETIMEDOUT, windows.ERROR_NETNAME_DELETED, windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA,
		// Numbers that package syscall has made up. Portable packages return them.
		syscall.EPIPE, syscall.ECONNRESET:
		return ClassDisconnected
	case windows.WSAECONNREFUSED, windows.ERROR_CONNECTION_REFUSED:
		return ClassRefused
	case windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAENETDOWN, windows.WSAEHOSTDOWN,
		windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE:
		return ClassUnreachable
	case windows.WSAEMFILE, windows.ERROR_TOO_MANY_OPEN_FILES:
		return ClassOutOfDescriptors
	case windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY, windows.ERROR_NO_SYSTEM_RESOURCES,
		windows.ERROR_WORKING_SET_QUOTA, windows.ERROR_NOT_ENOUGH_QUOTA, windows.ERROR_COMMITMENT_LIMIT:
		return ClassOutOfMemory
	case windows.WSAEOPNOTSUPP, windows.WSAEAFNOSUPPORT, windows.WSAEPROTONOSUPPORT, windows.ERROR_NOT_SUPPORTED,
		windows.ERROR_CALL_NOT_IMPLEMENTED, windows.ERROR_PROC_NOT_FOUND:
		return ClassUnsupported
	}
	return ClassOther
}
