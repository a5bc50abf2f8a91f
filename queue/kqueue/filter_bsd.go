//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// changesMax is how many changes a Modify needs: three filters out, three in.
const changesMax = 6

// batch is changes that the kernel makes in one call, and what came of each.
type batch struct {
	changes, receipts [changesMax]sys.Kevent
	n                 int
}

func (b *batch) put(h sys.Handle, filter sys.KeventFilter, flags sys.KeventFlags, note uint32, s *slot) {
	b.changes[b.n] = sys.Kevent{Ident: uintptr(h), Filter: filter, Flags: flags, Fflags: note, Udata: uintptr(s.generation)}
	b.n++
}

func (b *batch) apply(kq sys.Handle) error {
	if b.n == 0 {
		return nil
	}
	return sys.KqueueChange(kq, b.changes[:b.n], b.receipts[:b.n])
}

// outcome is the errno in a receipt.
func outcome(receipt *sys.Kevent) error {
	if receipt.Data == 0 {
		return nil
	}
	return syscall.Errno(receipt.Data)
}

// flags returns how the kernel shall report for s. It is tempting to take EV_ONESHOT, which every
// kqueue has: but kqueue_scan of NetBSD 7.99 waits for a lock before it lets go of what it delivers
// so, and EV_DELETE in another thread waits for that with the lock held, for ever.
func (s *slot) flags() sys.KeventFlags {
	switch s.mode {
	case queue.Edge:
		return sys.EvAdd | sys.EvClear
	case queue.OneShot:
		return sys.EvAdd | sys.EvDispatch
	}
	return sys.EvAdd
}

// attach makes the kernel report for s instead of old. Filters are deleted and added anew, and a
// new one looks at the handle at once: an EV_ADD of one that is there would keep its EV_CLEAR or
// EV_DISPATCH. If it fails, the kernel reports neither, and s says so.
func (q *Queue) attach(h sys.Handle, old, s *slot) error {
	var b batch
	if old.interest.Has(queue.Readable) {
		b.put(h, sys.EvfiltRead, sys.EvDelete, 0, old)
	}
	if old.interest.Has(queue.Writable) {
		b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, old)
	}
	if old.end {
		b.put(h, endFilter, sys.EvDelete, 0, old)
	}
	deletions := b.n
	// Before the filter for writing, whose refusal asks whether this one is there.
	s.end = endWatched && s.pipe && s.interest.Has(queue.Writable)
	if s.end && !(endFilter == sys.EvfiltRead && s.interest.Has(queue.Readable)) {
		b.put(h, endFilter, s.flags(), 0, s)
	}
	ends := b.n
	if s.interest.Has(queue.Readable) {
		b.put(h, sys.EvfiltRead, s.flags(), 0, s)
	}
	if s.interest.Has(queue.Writable) {
		b.put(h, sys.EvfiltWrite, s.flags(), 0, s)
	}
	err := b.apply(q.kq)
	for i := 0; i < b.n && err == nil; i++ {
		err = outcome(&b.receipts[i])
		switch {
		case err == nil:
		case i < deletions && (err == syscall.ENOENT || err == syscall.EBADF):
			// Filters go with their handle, and that is what was asked for.
			err = nil
		case i >= deletions && i < ends:
			// Some kinds of pipe do without.
			s.end, err = false, nil
		case i >= ends && b.changes[i].Filter == sys.EvfiltWrite && s.readerGone(err):
			err = q.attachEnd(h, s, err)
		}
	}
	if err != nil {
		q.detach(h, s)
	}
	return err
}

// readerGone reports whether a refused EVFILT_WRITE means that nobody has the other end of the pipe
// any more: pipe_kqfilter answers EPIPE on FreeBSD, OpenBSD, DragonFly and old macOS, and EBADF on
// NetBSD, of a handle that took another filter just before.
func (s *slot) readerGone(err error) bool {
	return err == syscall.EPIPE || err == syscall.EBADF && s.end
}

// attachEnd makes the kernel report at once, and again as the mode has it, that writing to h fails.
// refusal is why EVFILT_WRITE does not.
func (q *Queue) attachEnd(h sys.Handle, s *slot, refusal error) error {
	if s.end {
		return nil // that filter is there, and has seen the end
	}
	if endFilter != sys.EvfiltUser {
		return refusal
	}
	var b batch
	b.put(h, endFilter, s.flags(), 0, s)
	b.put(h, endFilter, 0, sys.NoteTrigger, s)
	if err := b.apply(q.kq); err != nil {
		return err
	}
	if outcome(&b.receipts[0]) != nil {
		return refusal
	}
	s.end = true
	return outcome(&b.receipts[1])
}

// detachEnd takes away the filter for the end of a pipe.
func (q *Queue) detachEnd(h sys.Handle, s *slot) {
	var b batch
	b.put(h, endFilter, sys.EvDelete, 0, s)
	// What cannot be deleted is not there.
	_ = b.apply(q.kq)
	s.end = false
}

// detach undoes what an attach has done before it failed.
func (q *Queue) detach(h sys.Handle, s *slot) {
	var b batch
	b.put(h, sys.EvfiltRead, sys.EvDelete, 0, s)
	b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, s)
	if s.end {
		b.put(h, endFilter, sys.EvDelete, 0, s)
	}
	// What cannot be deleted is not there, and an event of it would have no interest to report.
	_ = b.apply(q.kq)
	s.interest, s.armed, s.end = queue.None, queue.None, false
}
