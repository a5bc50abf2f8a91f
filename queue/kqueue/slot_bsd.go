//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer, so the
// garbage collector does not scan a million of them.
//
// The kernel holds the generation as user data. An event that a Wait took before a Modify or Delete
// has another generation than the slot, and is dropped. After a Modify the kernel has checked
// again, so a newer event carries the readiness.
type slot struct {
	token      queue.Token
	generation uint32
	interest   queue.Interest // the directions whose filters the kernel has
	armed      queue.Interest // directions that may be reported; reports in mode OneShot disarm them
	ended      queue.Interest // directions that were reported as ended
	mode       queue.Mode
	used       bool
	pipe       bool // has one direction, which a hang-up ends
	end        bool // endFilter is attached
}

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	const operation = "add"
	if err := check(operation, h, r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	if q.slotOf(h) != nil {
		return failed(operation, h, queue.ErrExists)
	}
	pipe, err := q.pollable(h)
	if err != nil {
		return failed(operation, h, err)
	}
	none := slot{}
	if int(h) < len(q.slots) {
		none.generation = q.slots[h].generation
	}
	s := none
	s.register(r)
	s.pipe = pipe
	if err := q.attach(h, &none, &s); err != nil {
		return failed(operation, h, meaning(err))
	}
	// Only numbers of open handles get here, so RLIMIT_NOFILE bounds the table.
	for int(h) >= len(q.slots) {
		q.slots = append(q.slots, slot{})
	}
	q.slots[h] = s
	return nil
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	const operation = "modify"
	if err := check(operation, h, r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	s := q.slotOf(h)
	if s == nil {
		return failed(operation, h, queue.ErrNotFound)
	}
	if r.Interest == queue.None {
		// The change requests no filter, so the kernel would not report that the handle was closed.
		if _, err := q.pollable(h); err != nil {
			return failed(operation, h, err)
		}
	}
	next := slot{generation: s.generation + 1, pipe: s.pipe}
	next.register(r)
	err := q.attach(h, s, &next)
	*s = next
	if err != nil {
		return failed(operation, h, meaning(err))
	}
	return nil
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	const operation = "delete"
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	s := q.slotOf(h)
	if s == nil {
		return failed(operation, h, queue.ErrNotFound)
	}
	none := slot{}
	err := q.attach(h, s, &none)
	s.forget()
	if err != nil {
		return failed(operation, h, err)
	}
	return nil
}

// slotOf returns the slot of a registered handle, or nil. The caller holds mu.
func (q *Queue) slotOf(h sys.Handle) *slot {
	if h >= sys.Handle(len(q.slots)) || !q.slots[h].used {
		return nil
	}
	return &q.slots[h]
}

func (s *slot) register(r queue.Registration) {
	s.token, s.interest, s.armed, s.mode, s.used = r.Token, r.Interest, r.Interest, r.Mode, true
}

func (s *slot) forget() { *s = slot{generation: s.generation + 1} }

// pollable refuses kinds of handle that the kernel reports as readable up to their end, and handles
// that are not open. It reports whether h is a pipe.
func (q *Queue) pollable(h sys.Handle) (pipe bool, err error) {
	if h == q.kq {
		return false, fmt.Errorf("a queue cannot wait for itself: %w", syscall.EINVAL)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(h), &st); err != nil {
		return false, err
	}
	switch uint32(st.Mode) & syscall.S_IFMT {
	case syscall.S_IFREG, syscall.S_IFDIR, syscall.S_IFBLK:
		return false, fmt.Errorf("%w: %w", queue.ErrNotPollable, syscall.EPERM)
	case syscall.S_IFIFO:
		return true, nil
	}
	return false, nil
}

func check(operation string, h sys.Handle, r queue.Registration) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return failed(operation, h, queue.ErrInvalid)
	case r.Exclusive:
		return failed(operation, h, fmt.Errorf("exclusive registration: %w", errors.ErrUnsupported))
	case h > math.MaxInt32:
		return failed(operation, h, syscall.EBADF)
	}
	return nil
}

// meaning wraps the errno for an unsupported kind of handle with the sentinel of the contract.
func meaning(err error) error {
	if notPollable(err) {
		return fmt.Errorf("%w: %w", queue.ErrNotPollable, err)
	}
	return err
}

// notPollable reports whether err is an errno that a system or driver returns if it lacks the
// filter. Some of these errnos are the same number on some systems.
func notPollable(err error) bool {
	return err == syscall.EINVAL || err == syscall.ENODEV || err == syscall.ENXIO || err == syscall.EPERM || err == syscall.ENOTTY ||
		err == syscall.ENOTSUP || err == syscall.EOPNOTSUPP
}
