//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// standIn is a filter that reports the end of a pipe in the place of EVFILT_WRITE: most systems refuse that one once the
// reader is gone, so that who comes late would never hear of it.
type standIn uint8

const (
	noStandIn standIn = iota
	userEvent         // EVFILT_USER with the number of the handle, triggered for ever
	readEnd           // EVFILT_READ, which tells of the end at the writer's side too where there are no user events
)

// changesMax is how many changes a Modify needs: three filters out, two in.
const changesMax = 5

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

// flags returns how the kernel shall report for s.
func (s *slot) flags() sys.KeventFlags {
	switch s.mode {
	case queue.Edge:
		return sys.EvAdd | sys.EvClear
	case queue.OneShot:
		return sys.EvAdd | sys.EvDispatch
	}
	return sys.EvAdd
}

// attach makes the kernel report for s instead of old. Filters are deleted and added anew: an EV_ADD of one that is there changes neither
// EV_CLEAR nor EV_DISPATCH, and only a new one looks at the handle on every system. If it fails, the kernel reports neither, and s says so.
func (q *Queue) attach(h sys.Handle, old, s *slot) error {
	var b batch
	if old.interest.Has(queue.Readable) || old.standIn == readEnd {
		b.put(h, sys.EvfiltRead, sys.EvDelete, 0, old)
	}
	if old.interest.Has(queue.Writable) {
		b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, old)
	}
	if old.standIn == userEvent {
		b.put(h, sys.EvfiltUser, sys.EvDelete, 0, old)
	}
	deletions := b.n
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
		case i < deletions && (err == syscall.ENOENT || err == syscall.EBADF):
			// One-shot filters go by themselves on NetBSD, all filters go with their handle, and that is what was asked for.
			err = nil
		case i >= deletions && b.changes[i].Filter == sys.EvfiltWrite && s.readerGone(err):
			err = q.attachStandIn(h, s)
		}
	}
	if err != nil {
		q.detach(h, s)
	}
	return err
}

// readerGone reports whether a refused EVFILT_WRITE means that nobody has the other end of the pipe any more: pipe_kqfilter answers
// EPIPE on FreeBSD, OpenBSD and old macOS, and EBADF on NetBSD, of a handle that is open.
func (s *slot) readerGone(err error) bool {
	return err == syscall.EPIPE || err == syscall.EBADF && s.pipe
}

// attachStandIn makes the kernel report at once, and again as the mode has it, that writing to h fails.
func (q *Queue) attachStandIn(h sys.Handle, s *slot) error {
	if sys.EvfiltUser != 0 {
		var b batch
		b.put(h, sys.EvfiltUser, s.flags(), 0, s)
		b.put(h, sys.EvfiltUser, 0, sys.NoteTrigger, s)
		if err := b.apply(q.kq); err != nil {
			return err
		}
		if outcome(&b.receipts[0]) == nil {
			s.standIn = userEvent
			return outcome(&b.receipts[1])
		}
	}
	s.standIn = readEnd
	if s.interest.Has(queue.Readable) {
		return nil // the filter is there
	}
	var b batch
	b.put(h, sys.EvfiltRead, s.flags(), 0, s)
	if err := b.apply(q.kq); err != nil {
		return err
	}
	return outcome(&b.receipts[0])
}

// detach undoes what an attach has done before it failed.
func (q *Queue) detach(h sys.Handle, s *slot) {
	var b batch
	b.put(h, sys.EvfiltRead, sys.EvDelete, 0, s)
	b.put(h, sys.EvfiltWrite, sys.EvDelete, 0, s)
	if s.standIn == userEvent {
		b.put(h, sys.EvfiltUser, sys.EvDelete, 0, s)
	}
	// What cannot be deleted is not there, and an event of it would have no interest to report.
	_ = b.apply(q.kq)
	s.interest, s.armed, s.standIn = queue.None, queue.None, noStandIn
}
