package sys

import "strconv"

// Handle names an open file, socket or other kernel object: a file descriptor on Unix, a SOCKET on
// Windows. The kernel gives the number of a closed handle to the next one opened, so a Handle
// identifies nothing after Close.
type Handle uintptr

// Invalid is no handle.
const Invalid = ^Handle(0)

// String formats h as the number that strace and lsof print.
func (h Handle) String() string {
	if h == Invalid {
		return "invalid"
	}
	return strconv.FormatUint(uint64(h), 10)
}
