//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filters and flags of a Kevent that every system here has (kqueue(2)); the rest is in the file
// of each system.
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

// A wrong layout would hand every event to the wrong source, so it does not compile.
var (
	_ [unsafe.Sizeof(unix.Kevent_t{})]byte          = [unsafe.Sizeof(Kevent{})]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Filter)]byte = [unsafe.Offsetof(Kevent{}.Filter)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Flags)]byte  = [unsafe.Offsetof(Kevent{}.Flags)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Fflags)]byte = [unsafe.Offsetof(Kevent{}.Fflags)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Data)]byte   = [unsafe.Offsetof(Kevent{}.Data)]byte{}
	_ [unsafe.Offsetof(unix.Kevent_t{}.Udata)]byte  = [unsafe.Offsetof(Kevent{}.Udata)]byte{}
)

// keventTimeoutMax is less than what any system here refuses: macOS, DragonFly and older OpenBSD
// answer EINVAL beyond 100,000,000 s.
const keventTimeoutMax = 1_000_000 * time.Second

// Kqueue opens a kernel event queue (kqueue(2)), close-on-exec. A child that is forked does not
// inherit it.
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

// KqueueWait stores up to len(events) events of kq and returns how many (kevent(2)). A timeout of
// zero returns at once; a negative one waits for ever; others have the kernel's resolution, never
// shorter, but for those of more than eleven days, which end early. EINTR is returned, not retried:
// the caller knows how much time is left. events must not be empty.
func KqueueWait(kq Handle, events []Kevent, timeout time.Duration) (int, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(int64(min(timeout, keventTimeoutMax)))
		ts = &t
	}
	n, err := unix.Kevent(int(kq), nil, keventsOf(events), ts)
	if err == unix.ETIMEDOUT {
		// macOS has been seen to answer so to a wait that found nothing (go.dev/issue/59679).
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// KqueueChange applies changes to kq in order, each whatever became of those before, and stores the
// outcome of each in receipts, which must be as long: zero or an errno in Data. No pending event is
// taken.
func KqueueChange(kq Handle, changes, receipts []Kevent) error {
	for i := range changes {
		changes[i].Flags |= evReceipt
	}
	receipts = receipts[:len(changes)]
	for {
		// EV_RECEIPT makes every change answer with an EV_ERROR event, after which the call returns
		// without looking for others.
		n, err := unix.Kevent(int(kq), keventsOf(changes), keventsOf(receipts), &unix.Timespec{})
		switch {
		case err == unix.EINTR:
			// What was applied may be applied again: an addition finds itself, and a deletion
			// nothing.
			continue
		case err != nil:
			return err
		case n != len(changes):
			return unix.EIO
		}
		return nil
	}
}

// keventsOf is the same memory with the type that package unix wants, whose Udata is a pointer on
// most systems. It exists only while a call runs: the collector must never look for pointers there.
func keventsOf(s []Kevent) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
