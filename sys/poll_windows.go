package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// PollFD has the fields of struct pollfd. Fd holds a SOCKET, whose number fits: Windows handles
// have 32 significant bits.
type PollFD struct {
	Fd      int32
	Events  int16
	Revents int16
}

// The bits of a PollFD. Windows does not distinguish the peer's half-close from PollIn and PollHup,
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

// pollFDsOnStack is the number of entries that Poll handles without allocating.
const pollFDsOnStack = 64

// halfClosedPauseMax is the longest sleep between two calls of WSAPoll. Poll sleeps while WSAPoll
// reports, for an entry that only writes, no more than that the peer has finished sending.
const halfClosedPauseMax = 16 * time.Millisecond

// Poll waits until one of fds has an event of its Events, an error or a hang-up (WSAPoll). It
// stores these in Revents and returns the number of entries with any. A zero timeout polls; a
// negative one waits indefinitely. Any other timeout is rounded up to whole milliseconds. Poll
// skips entries with a negative Fd.
//
// For an entry that asks only for PollOut, a peer that has finished sending is not a hang-up.
// WSAPoll reports PollHup for it, at once and every time. While there is such an entry, Poll looks
// again every 1 to 16 ms, so it may report an event of any entry that late.
//
// Poll accepts only sockets, takes time proportional to len(fds), and allocates for more than 64
// entries. Before Windows 10 version 2004 it does not report a failed connect.
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
		// WSAPoll refuses an empty array.
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

// wsaPoll polls until there is an event besides the half-close of a peer to which an entry writes.
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
			// The remaining time is never negative, which would mean an indefinite wait.
			if timeout = max(time.Until(deadline), 0); timeout == 0 {
				return 0, nil
			}
			pause = min(pause, timeout)
		}
		windows.SleepEx(milliseconds(pause), false)
	}
}

// halfClosed reports whether a socket for which WSAPoll reports a hang-up can still be written to:
// the peer has finished sending, and did not reset. It takes no bytes from the socket. If the
// reading half was shut down locally, the two cases cannot be distinguished, and halfClosed returns
// false.
func halfClosed(socket uintptr) bool {
	var b byte
	buffer := windows.WSABuf{Len: 1, Buf: &b}
	var n, flags uint32 = 0, windows.MSG_PEEK
	r, _, errno := syscall.SyscallN(procWSARecv.Addr(), socket, uintptr(unsafe.Pointer(&buffer)), 1,
		uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&flags)), 0, 0)
	err := failedCall(r, errno)
	return err == nil || err == ErrWouldBlock
}

// milliseconds rounds d up: a fraction of a millisecond must not become zero, which would spin. A
// negative d is INFINITE. A duration that is too long is capped; a caller that waits that long
// wakes early and waits again.
func milliseconds(d time.Duration) uint32 {
	if d < 0 {
		return windows.INFINITE
	}
	return uint32((min(d, math.MaxInt32*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
}
