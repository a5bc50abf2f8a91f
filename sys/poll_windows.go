package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// PollFD has the fields of struct pollfd. Fd holds a SOCKET, whose numbers fit: handles of Windows
// have 32 significant bits.
type PollFD struct {
	Fd      int32
	Events  int16
	Revents int16
}

// The bits of a PollFD. Windows does not tell the peer's half-close apart from PollIn and PollHup,
// so PollRDHup is zero.
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

// halfClosedPauseMax is the longest that a Poll sleeps between two looks while one of its handles
// is a writer of which WSAPoll says no more than that the peer has finished sending.
const halfClosedPauseMax = 16 * time.Millisecond

// Poll waits until one of fds has an event of its Events, or an error or hang-up, and stores them
// in Revents (WSAPoll); it returns how many have. A timeout of zero returns at once; a negative one
// waits for ever; others are rounded up to whole milliseconds. Entries with a negative Fd are
// passed over.
//
// A peer that has finished sending is no hang-up to an entry that asks for PollOut alone. WSAPoll
// says PollHup of it, at once and every time; while there is such an entry Poll looks again every 1
// to 16 ms, so an event of any entry may be told that late.
//
// It is for sockets only, costs time in proportion to len(fds), and allocates when there are more
// than 64. Before Windows 10 version 2004 it does not tell of a connect that failed.
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
	n, err := wsaPoll(raw, timeout)
	if err != nil {
		return 0, err
	}
	next := 0
	for i := range fds {
		if fds[i].Fd >= 0 {
			fds[i].Revents = raw[next].revents
			next++
		}
	}
	return n, nil
}

// wsaPoll polls until there is more to tell than that the peers of writers have finished sending.
func wsaPoll(raw []wsaPollFD, timeout time.Duration) (int, error) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, halfClosedPauseMax) {
		n, _, errno := syscall.SyscallN(procWSAPoll.Addr(), uintptr(unsafe.Pointer(&raw[0])), uintptr(len(raw)), uintptr(milliseconds(timeout)))
		if int32(n) < 0 {
			return 0, socketError(errno)
		}
		ready := int(int32(n))
		for i := range raw {
			if raw[i].revents == PollHup && raw[i].events&PollIn == 0 && halfClosed(raw[i].socket) {
				raw[i].revents = 0
				ready--
			}
		}
		if n == 0 || ready > 0 || timeout == 0 {
			return ready, nil
		}
		if timeout > 0 {
			// What is left is never below zero, which would be for ever.
			if timeout = max(time.Until(deadline), 0); timeout == 0 {
				return 0, nil
			}
			pause = min(pause, timeout)
		}
		windows.SleepEx(milliseconds(pause), false)
	}
}

// halfClosed reports whether a socket that WSAPoll says is hung up can still be written to: the
// peer has finished sending, and did not reset. It takes nothing from the socket. Where reading was
// ended here the two cannot be told apart, and the hang-up stands.
func halfClosed(socket uintptr) bool {
	var b byte
	buffer := windows.WSABuf{Len: 1, Buf: &b}
	var n, flags uint32 = 0, windows.MSG_PEEK
	r, _, errno := syscall.SyscallN(procWSARecv.Addr(), socket, uintptr(unsafe.Pointer(&buffer)), 1,
		uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&flags)), 0, 0)
	err := failedCall(r, errno)
	return err == nil || err == ErrWouldBlock
}

// milliseconds rounds d up, so that parts of a millisecond do not become none, which would spin.
// Negative is INFINITE; what is too long to be said is cut short, and whoever waits that long is
// woken early and waits again.
func milliseconds(d time.Duration) uint32 {
	if d < 0 {
		return windows.INFINITE
	}
	return uint32((min(d, math.MaxInt32*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
}
