package sys

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// The calls that look below a socket (mswsock.h).
const (
	sioBaseHandle      = 0x48000022 // SIO_BASE_HANDLE
	sioBSPHandleSelect = 0x4800001c // SIO_BSP_HANDLE_SELECT
	sioBSPHandlePoll   = 0x4800001d // SIO_BSP_HANDLE_POLL
)

// layersMax bounds how many layered service providers are looked through.
const layersMax = 8

// BaseSocket returns the socket of the kernel's own provider that h stands for: h itself, unless a
// layered service provider has put itself in between. AFDPoll knows no other. WSAENOTSOCK is
// returned for what is no socket, or is not open.
func BaseSocket(h Handle) (Handle, error) {
	if err := startWinsock(); err != nil {
		return Invalid, err
	}
	// Not every provider looks at what it is asked about: Wine's calls a file its own base.
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

// baseSocket asks for the base at once. Some providers answer that themselves, though they must
// not, but pass on what select and WSAPoll ask for: the socket one layer below, of which the base
// is asked then (mio#1314).
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
