//go:build darwin || dragonfly || freebsd || openbsd

package sys

import "golang.org/x/sys/unix"

// The flags of a Kevent that NetBSD lacks before version 10.
const (
	EvDispatch = unix.EV_DISPATCH // switched off by its delivery
	evReceipt  = unix.EV_RECEIPT
)

// KqueueChange applies changes to kq in order, each whatever became of those before, and stores the outcome of each in receipts, which must
// be as long: zero or an errno in Data. No pending event is taken.
func KqueueChange(kq Handle, changes, receipts []Kevent) error {
	for i := range changes {
		changes[i].Flags |= evReceipt
	}
	receipts = receipts[:len(changes)]
	for {
		// EV_RECEIPT makes every change answer with an EV_ERROR event, after which the call returns without looking for others.
		n, err := unix.Kevent(int(kq), keventsOf(changes), keventsOf(receipts), &unix.Timespec{})
		switch {
		case err == unix.EINTR:
			// What was applied may be applied again: an addition finds itself, and a deletion nothing.
			continue
		case err != nil:
			return err
		case n != len(changes):
			return unix.EIO
		}
		return nil
	}
}
