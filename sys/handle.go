package sys

import "strconv"

// Handle identifies an open file, socket or other kernel object: a file descriptor on Unix, a
// SOCKET on Windows. The kernel may give the number of a closed handle to the next one opened, so a
// Handle is meaningless after Close.
type Handle uintptr

// Invalid is a Handle that never identifies an open object.
const Invalid = ^Handle(0)

// String formats h as the number that strace and lsof print, or "invalid" for Invalid.
func (h Handle) String() string {
	if h == Invalid {
		return "invalid"
	}
	return strconv.FormatUint(uint64(h), 10)
}
