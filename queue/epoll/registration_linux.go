package epoll

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		if err := check(r); err != nil {
			return err
		}
		next, err := q.table.Fresh(h, r)
		if err != nil {
			return err
		}
		next.Flags = flagsOf(r)
		if err := q.add(h, &next); err != nil {
			return err
		}
		q.table.Put(h, next)
		return nil
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		if err := check(r); err != nil {
			return err
		}
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		next := s.Renewed(r)
		next.Flags = flagsOf(r)
		if s.Flags == exclusive || next.Flags == exclusive {
			if err := q.addAgain(h, &next); err != nil {
				s.End()
				return err
			}
		} else if err := sys.EpollModify(q.ep, h, bits(&next), table.Data(h, next.Generation)); err != nil {
			return meaning(err)
		}
		*s = next
		return nil
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		s.End()
		switch err := sys.EpollDelete(q.ep, h); err {
		case nil, syscall.EBADF, syscall.ENOENT, syscall.EPERM:
			// The kernel has already forgotten a handle that was closed before, which is the wanted
			// result. EPERM means that the number now belongs to a file that epoll does not accept.
			return nil
		default:
			return err
		}
	})
}

// check refuses what EPOLLEXCLUSIVE cannot do.
func check(r queue.Registration) error {
	if r.Exclusive && r.Mode == queue.OneShot {
		return fmt.Errorf("exclusive one-shot registration: %w", errors.ErrUnsupported)
	}
	return nil
}

// meaning wraps an errno of epoll_ctl(2) with the matching sentinel of the contract.
func meaning(err error) error {
	switch err {
	case syscall.EPERM:
		return fmt.Errorf("%w: %w", queue.ErrNotPollable, err)
	case syscall.EEXIST:
		return fmt.Errorf("%w: %w", queue.ErrExists, err)
	case syscall.ENOENT:
		return fmt.Errorf("%w: %w", queue.ErrNotFound, err)
	}
	return err
}
