package sys

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// The control codes that return the socket under a layered one (mswsock.h).
const (
	sioBaseHandle      = 0x48000022 // SIO_BASE_HANDLE
	sioBSPHandleSelect = 0x4800001c // SIO_BSP_HANDLE_SELECT
	sioBSPHandlePoll   = 0x4800001d // SIO_BSP_HANDLE_POLL
)

// layersMax bounds the layered service providers that BaseSocket looks through.
const layersMax = 8

// BaseSocket returns the socket of the kernel's own provider under h. It is h itself, unless a
// layered service provider is in between. AFDPoll accepts only base sockets. BaseSocket returns
// WSAENOTSOCK if h is not an open socket.
func BaseSocket(h Handle) (Handle, error) {
	if err := startWinsock(); err != nil {
		return Invalid, err
	}
	// Not every provider checks the handle: Wine's returns a file as its own base.
	const soType = 0x1008 // SO_TYPE (winsock2.h)
	if _, err := windows.GetsockoptInt(windows.Handle(h), windows.SOL_SOCKET, soType); err != nil {
		return Invalid, err
	}
	return baseSocket(h, func(h Handle, code uint32) (Handle, error) {
		below := Invalid
		var returned uint32
		err := windows.WSAIoctl(windows.Handle(h), code, nil, 0, (*byte)(unsafe.Pointer(&below)), uint32(unsafe.Sizeof(below)), &returned, nil, 0)
		return below, err
	})
}

// baseSocket first asks for the base directly. Some providers intercept that request, against the
// rules, but pass on the requests that select and WSAPoll use. Those return the socket one layer
// below, and baseSocket then asks that one for its base (mio#1314).
func baseSocket(h Handle, ioctl func(Handle, uint32) (Handle, error)) (Handle, error) {
	var failed error
	for range layersMax {
		base, err := ioctl(h, sioBaseHandle)
		if err == nil && base != Invalid {
			return base, nil
		}
		if failed == nil {
			failed = err
		}
		if err == windows.WSAENOTSOCK {
			break
		}
		below, found := layerBelow(h, ioctl)
		if !found {
			break
		}
		h = below
	}
	if failed == nil {
		failed = windows.WSAENOTSOCK
	}
	return Invalid, failed
}

func layerBelow(h Handle, ioctl func(Handle, uint32) (Handle, error)) (Handle, bool) {
	for _, code := range [...]uint32{sioBSPHandleSelect, sioBSPHandlePoll} {
		if below, err := ioctl(h, code); err == nil && below != h && below != Invalid {
			return below, true
		}
	}
	return Invalid, false
}
