//go:build linux && !(amd64 || 386)

package sys

import "unsafe"

// On all machines except amd64 and 386, the data of struct epoll_event is aligned to eight bytes. A
// wrong layout would deliver every event to the wrong handle, so it does not compile.
var (
	_ [16]byte = [unsafe.Sizeof(EpollEvent{})]byte{}
	_ [8]byte  = [unsafe.Offsetof(EpollEvent{}.Fd)]byte{}
	_ [12]byte = [unsafe.Offsetof(EpollEvent{}.Pad)]byte{}
)
