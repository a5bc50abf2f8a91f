//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filters and flags of a Kevent that every system here has (kqueue(2)). Each system's own file
// has the rest.
const (
	EvfiltRead  = unix.EVFILT_READ
	EvfiltWrite = unix.EVFILT_WRITE

	EvAdd     = unix.EV_ADD
	EvDelete  = unix.EV_DELETE
	EvClear   = unix.EV_CLEAR
	EvOneShot = unix.EV_ONESHOT
	EvEOF     = unix.EV_EOF
	EvError   = unix.EV_ERROR
)

// A wrong layout would deliver every event to the wrong handle, so it does not compile.
var (
	_ [unsafe.Sizeof(unix.Kevent_t{})]byte          = [unsafe.Sizeof(Kevent{})]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Filter)]byte = [unsafe.Offsetof(Kevent{}.Filter)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Flags)]byte  = [unsafe.Offsetof(Kevent{}.Flags)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Fflags)]byte = [unsafe.Offsetof(Kevent{}.Fflags)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Data)]byte   = [unsafe.Offsetof(Kevent{}.Data)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Udata)]byte  = [unsafe.Offsetof(Kevent{}.Udata)]byte{}
)

// keventTimeoutMax is below the limit of every system here: macOS, DragonFly and older OpenBSD
// return EINVAL above 100,000,000 s.
const keventTimeoutMax = 1_000_000 * time.Second

// Kqueue opens a kernel event queue (kqueue(2)), close-on-exec. A forked child does not inherit it.
func Kqueue() (Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Kqueue()
	if err != nil {
		return Invalid, err
	}
	unix.CloseOnExec(fd)
	return Handle(fd), nil
}

// KqueueWait stores up to len(events) events of kq and returns their number (kevent(2)). A zero
// timeout polls; a negative one waits indefinitely. Others have the kernel's resolution and never
// end early, except timeouts of more than eleven days. KqueueWait does not retry EINTR but returns
// it: the caller knows how much time is left. events must not be empty.
func KqueueWait(kq Handle, events []Kevent, timeout time.Duration) (int, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(int64(min(timeout, keventTimeoutMax)))
		ts = &t
	}
	n, err := unix.Kevent(int(kq), nil, keventsOf(events), ts)
	if err == unix.ETIMEDOUT {
		// macOS has been observed to return this from a wait that found no event
		// (go.dev/issue/59679).
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// KqueueChange applies changes to kq in order; the failure of one does not stop the next. It stores
// the outcome of each in the Data of its receipt: zero or an errno. receipts must be at least as
// long as changes. KqueueChange does not take pending events.
func KqueueChange(kq Handle, changes, receipts []Kevent) error {
	for i := range changes {
		changes[i].Flags |= evReceipt
	}
	receipts = receipts[:len(changes)]
	for {
		// With EV_RECEIPT, every change returns an EV_ERROR event, and the call then does not look
		// for other events.
		n, err := unix.Kevent(int(kq), keventsOf(changes), keventsOf(receipts), &unix.Timespec{})
		switch {
		case err == unix.EINTR:
			// Changes already applied may be applied again: an addition finds itself present, and a
			// deletion finds nothing.
			continue
		case err != nil:
			return err
		case n != len(changes):
			return unix.EIO
		}
		return nil
	}
}

// keventsOf returns the same memory as the type that package unix wants, whose Udata is a pointer
// on most systems. The result must not outlive the call: the collector must never look for pointers
// there.
func keventsOf(s []Kevent) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
