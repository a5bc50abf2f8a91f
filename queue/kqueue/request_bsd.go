//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// changesMax is the number of changes that a Modify needs: three filters removed, three added.
const changesMax = 6

// batch holds changes that the kernel makes in one call, and a receipt for each.
type batch struct {
	changes, receipts [changesMax]sys.Kevent
	n                 int
}

func (b *batch) put(h sys.Handle, filter sys.KeventFilter, flags sys.KeventFlags, note uint32, s *slot) {
	b.changes[b.n] = sys.Kevent{Ident: uintptr(h), Filter: filter, Flags: flags, Fflags: note, Udata: uintptr(s.Generation)}
	b.n++
}

func (b *batch) apply(kq sys.Handle) error {
	if b.n == 0 {
		return nil
	}
	return sys.KqueueChange(kq, b.changes[:b.n], b.receipts[:b.n])
}

// outcome returns the errno in a receipt, or nil.
func outcome(receipt *sys.Kevent) error {
	if receipt.Data == 0 {
		return nil
	}
	return syscall.Errno(receipt.Data)
}

// flags returns the flags of the filters of s. It is tempting to use EV_ONESHOT, which every kqueue
// has. But kqueue_scan of NetBSD 7.99 waits for a lock before it releases an event that it delivers
// that way. EV_DELETE in another thread waits for this release with the lock held: a deadlock.
func flags(s *slot) sys.KeventFlags {
	switch s.Mode {
	case queue.Edge:
		return sys.EvAdd | sys.EvClear
	case queue.OneShot:
		return sys.EvAdd | sys.EvDispatch
	}
	return sys.EvAdd
}

// attach makes the kernel report for s instead of old. It deletes filters and adds new ones, which
// check the handle at once: EV_ADD of an existing filter would keep its EV_CLEAR or EV_DISPATCH. If
// attach fails, the kernel reports neither, and s has no interest left.
func (q *instance) attach(h sys.Handle, old, s *slot) error {
	var b batch
	if old.Extra.interest.Has(queue.Readable) {
		b.put(h, sys.EvfiltRead, sys.EvDelete, 0, old)
	}
	if old.Extra.interest.Has(queue.Writable) {
		b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, old)
	}
	if old.Extra.end {
		b.put(h, endFilter, sys.EvDelete, 0, old)
	}
	deletions := b.n
	// Put it before the filter for writing: if the kernel refuses that one, readerGone and
	// attachEnd need to know whether this one is attached.
	s.Extra.end = endWatched && s.Extra.pipe && s.Extra.interest.Has(queue.Writable)
	if s.Extra.end && !(endFilter == sys.EvfiltRead && s.Extra.interest.Has(queue.Readable)) {
		b.put(h, endFilter, flags(s), 0, s)
	}
	ends := b.n
	if s.Extra.interest.Has(queue.Readable) {
		b.put(h, sys.EvfiltRead, flags(s), 0, s)
	}
	if s.Extra.interest.Has(queue.Writable) {
		b.put(h, sys.EvfiltWrite, flags(s), 0, s)
	}
	err := b.apply(q.kq)
	for i := 0; i < b.n && err == nil; i++ {
		err = outcome(&b.receipts[i])
		switch {
		case err == nil:
		case i < deletions && (err == syscall.ENOENT || err == syscall.EBADF):
			// Closing a handle removes its filters, which is the wanted result.
			err = nil
		case i >= deletions && i < ends:
			// Some kinds of pipe work without it.
			s.Extra.end, err = false, nil
		case i >= ends && b.changes[i].Filter == sys.EvfiltWrite && readerGone(s, err):
			err = q.attachEnd(h, s, err)
		}
	}
	if err != nil {
		q.detach(h, s)
	}
	return err
}

// readerGone reports whether a refused EVFILT_WRITE means that the pipe has no reader any more.
// pipe_kqfilter returns EPIPE on FreeBSD, OpenBSD, DragonFly and old macOS. On NetBSD it returns
// EBADF for a handle that has just accepted another filter.
func readerGone(s *slot, err error) bool {
	return err == syscall.EPIPE || err == syscall.EBADF && s.Extra.end
}

// attachEnd makes the kernel report at once that writing to h fails, and again according to the
// mode. refusal is the reason why the kernel refused EVFILT_WRITE.
func (q *instance) attachEnd(h sys.Handle, s *slot, refusal error) error {
	if s.Extra.end {
		return nil // that filter is attached and reports the end
	}
	if endFilter != sys.EvfiltUser {
		return refusal
	}
	var b batch
	b.put(h, endFilter, flags(s), 0, s)
	b.put(h, endFilter, 0, sys.NoteTrigger, s)
	if err := b.apply(q.kq); err != nil {
		return err
	}
	if outcome(&b.receipts[0]) != nil {
		return refusal
	}
	s.Extra.end = true
	return outcome(&b.receipts[1])
}

// detachEnd removes the filter for the end of a pipe.
func (q *instance) detachEnd(h sys.Handle, s *slot) {
	var b batch
	b.put(h, endFilter, sys.EvDelete, 0, s)
	// A filter that cannot be deleted does not exist.
	_ = b.apply(q.kq)
	s.Extra.end = false
}

// detach undoes the changes of a failed attach.
func (q *instance) detach(h sys.Handle, s *slot) {
	var b batch
	b.put(h, sys.EvfiltRead, sys.EvDelete, 0, s)
	b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, s)
	if s.Extra.end {
		b.put(h, endFilter, sys.EvDelete, 0, s)
	}
	// A filter that cannot be deleted does not exist. An event of it would find no interest to
	// report.
	_ = b.apply(q.kq)
	s.Extra.interest, s.Armed, s.Extra.end = queue.None, queue.None, false
}
