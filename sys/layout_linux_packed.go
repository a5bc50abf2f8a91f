//go:build linux && (amd64 || 386)

package sys

import "unsafe"

// The kernel packs struct epoll_event on amd64, and 386 aligns 64-bit fields to four bytes: data
// directly follows the bits. A wrong layout would deliver every event to the wrong handle, so it
// does not compile.
var (
	_ [12]byte = [unsafe.Sizeof(EpollEvent{})]byte{}
	_ [4]byte  = [unsafe.Offsetof(EpollEvent{}.Fd)]byte{}
	_ [8]byte  = [unsafe.Offsetof(EpollEvent{}.Pad)]byte{}
)
