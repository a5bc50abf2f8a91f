//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		next, err := q.table.Fresh(h, r)
		if err != nil {
			return err
		}
		pipe, err := q.pollable(h)
		if err != nil {
			return err
		}
		next.Extra = extra{interest: r.Interest, pipe: pipe}
		if err := q.attach(h, &slot{}, &next); err != nil {
			return meaning(err)
		}
		q.table.Put(h, next)
		return nil
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		if r.Interest == queue.None {
			// The change requests no filter, so the kernel would not report that the handle was
			// closed.
			if _, err := q.pollable(h); err != nil {
				return err
			}
		}
		next := s.Renewed(r)
		next.Extra = extra{interest: r.Interest, pipe: s.Extra.pipe}
		err = q.attach(h, s, &next)
		*s = next
		return meaning(err)
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		err = q.attach(h, s, &slot{})
		s.End()
		return err
	})
}

// pollable refuses kinds of handle that the kernel reports as readable up to their end, and handles
// that are not open. It reports whether h is a pipe.
func (q *instance) pollable(h sys.Handle) (pipe bool, err error) {
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
