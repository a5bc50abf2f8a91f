//go:build linux && !(amd64 || 386)

package sys

import "unsafe"

// Everywhere but on amd64 and 386, struct epoll_event has its data aligned to eight bytes. A wrong
// layout would hand every event to the wrong source, so it does not compile.
var (
	_ [16]byte = [unsafe.Sizeof(EpollEvent{})]byte{}
	_ [8]byte  = [unsafe.Offsetof(EpollEvent{}.Fd)]byte{}
	_ [12]byte = [unsafe.Offsetof(EpollEvent{}.Pad)]byte{}
)
