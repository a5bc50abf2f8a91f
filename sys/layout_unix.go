//go:build unix

package sys

import "unsafe"

// struct pollfd is the same on every system here: an int and two shorts.
var (
	_ [8]byte = [unsafe.Sizeof(PollFD{})]byte{}
	_ [4]byte = [unsafe.Offsetof(PollFD{}.Events)]byte{}
	_ [6]byte = [unsafe.Offsetof(PollFD{}.Revents)]byte{}
)
