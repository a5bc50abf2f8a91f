package sys

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The functions whose addresses come from the provider of a socket.
var (
	wsaRecvMsg = extension{id: windows.WSAID_WSARECVMSG}
	connectEx  = extension{id: windows.WSAID_CONNECTEX}
	acceptEx   = extension{id: windows.GUID{Data1: 0xb5367df1, Data2: 0xcbac, Data3: 0x11cf, Data4: [8]byte{0x95, 0xca, 0, 0x80, 0x5f, 0x48, 0xa1, 0x92}}}
)

// extension is a function of a provider. Its address does not change, so the first is cached.
type extension struct {
	id   windows.GUID
	addr atomic.Uintptr // zero before the first use
}

// of returns the address (SIO_GET_EXTENSION_FUNCTION_POINTER). h is any socket.
func (e *extension) of(h Handle) (uintptr, error) {
	if addr := e.addr.Load(); addr != 0 {
		return addr, nil
	}
	id := e.id
	var addr uintptr
	var returned uint32
	err := windows.WSAIoctl(windows.Handle(h), windows.SIO_GET_EXTENSION_FUNCTION_POINTER, (*byte)(unsafe.Pointer(&id)), uint32(unsafe.Sizeof(id)),
		(*byte)(unsafe.Pointer(&addr)), uint32(unsafe.Sizeof(addr)), &returned, nil, 0)
	if err != nil {
		return 0, err
	}
	e.addr.Store(addr)
	return addr, nil
}
