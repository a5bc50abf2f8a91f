package sys

import "golang.org/x/sys/unix"

// The constants that NetBSD has since version 10; older kernels refuse the filter with EINVAL.
const (
	EvfiltUser  = 8
	NoteTrigger = 0x01000000
)

// EvDispatch switches a direction off by its delivery. Here the kernel forgets it instead: EV_DISPATCH came with version 10, and older kernels
// would take it in silence and not obey.
const EvDispatch = EvOneShot

// KqueueChange applies changes to kq in order, each whatever became of those before, and stores the outcome of each in receipts, which must
// be as long: zero or an errno in Data. No pending event is taken.
func KqueueChange(kq Handle, changes, receipts []Kevent) error {
	for i := range changes {
		receipts[i] = changes[i]
		// EV_RECEIPT came with version 10. Without room for events, a change that fails is the error of the call (kqueue(2)).
		_, err := unix.Kevent(int(kq), keventsOf(changes[i:i+1]), nil, &unix.Timespec{})
		for err == unix.EINTR {
			_, err = unix.Kevent(int(kq), keventsOf(changes[i:i+1]), nil, &unix.Timespec{})
		}
		errno, known := err.(unix.Errno)
		if err != nil && !known {
			return err
		}
		receipts[i].Flags, receipts[i].Data = EvError, int64(errno)
	}
	return nil
}
