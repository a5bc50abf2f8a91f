package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// PollFD has the fields of struct pollfd. Fd holds a SOCKET, whose numbers fit: handles of Windows have 32 significant bits.
type PollFD struct {
	Fd      int32
	Events  int16
	Revents int16
}

// The bits of a PollFD. Windows does not tell the peer's half-close apart from PollIn and PollHup, so PollRDHup is zero.
const (
	PollIn      = int16(0x0300)
	PollOut     = int16(0x0010)
	PollErr     = int16(0x0001)
	PollHup     = int16(0x0002)
	PollInvalid = int16(0x0004)
	PollRDHup   = int16(0)
)

// wsaPollFD is WSAPOLLFD (winsock2.h).
type wsaPollFD struct {
	socket  uintptr
	events  int16
	revents int16
}

// pollFDsOnStack is how many entries Poll takes without allocating.
const pollFDsOnStack = 64

// Poll waits until one of fds has an event of its Events, or an error or hang-up, and stores them in Revents (WSAPoll); it
// returns how many have. A timeout of zero returns at once; a negative one waits for ever; others are rounded up to whole
// milliseconds. Entries with a negative Fd are passed over.
//
// It is for sockets only, costs time in proportion to len(fds), and allocates when there are more than 64. Before Windows 10
// version 2004 it does not tell of a connect that failed.
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	if err := startWinsock(); err != nil {
		return 0, err
	}
	var few [pollFDsOnStack]wsaPollFD
	raw := few[:0]
	if len(fds) > len(few) {
		raw = make([]wsaPollFD, 0, len(fds))
	}
	for i := range fds {
		fds[i].Revents = 0
		if fds[i].Fd >= 0 {
			raw = append(raw, wsaPollFD{socket: uintptr(fds[i].Fd), events: fds[i].Events})
		}
	}
	if len(raw) == 0 {
		// WSAPoll refuses to wait for nothing.
		windows.SleepEx(milliseconds(timeout), false)
		return 0, nil
	}
	n, _, errno := syscall.SyscallN(procWSAPoll.Addr(), uintptr(unsafe.Pointer(&raw[0])), uintptr(len(raw)), uintptr(milliseconds(timeout)))
	if int32(n) < 0 {
		return 0, socketError(errno)
	}
	next := 0
	for i := range fds {
		if fds[i].Fd >= 0 {
			fds[i].Revents = raw[next].revents
			next++
		}
	}
	return int(int32(n)), nil
}

// milliseconds rounds d up, so that parts of a millisecond do not become none, which would spin. Negative is INFINITE; what is too
// long to be said is cut short, and whoever waits that long is woken early and waits again.
func milliseconds(d time.Duration) uint32 {
	if d < 0 {
		return windows.INFINITE
	}
	return uint32((min(d, math.MaxInt32*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
}
