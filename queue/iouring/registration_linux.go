package iouring

import (
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
		if err := q.checkHandle(h); err != nil {
			return err
		}
		return q.register(h, next, r)
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		if err := q.checkHandle(h); err != nil {
			return err
		}
		if err := q.withdraw(h, s); err != nil {
			return err
		}
		return q.register(h, s.Renewed(r), r)
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		err = q.withdraw(h, s)
		s.End()
		s.Flags &= listed
		if err == nil {
			// Submit cancellations now, including those of a Modify. The caller is about to close
			// the handle, and its peer waits for the end.
			err = q.submit()
		}
		return err
	})
}

func (q *instance) checkHandle(h sys.Handle) error {
	if h == q.ring.Handle() {
		return syscall.EINVAL // a ring that polls itself would hold itself open indefinitely; epoll also returns EINVAL
	}
	return sys.CheckPollable(h)
}

// register makes s the registration r of h. The kernel has no poll of h. The caller holds Mu.
func (q *instance) register(h sys.Handle, s slot, r queue.Registration) error {
	s.Flags &= listed
	if r.Exclusive {
		s.Flags |= exclusive
	}
	q.table.Put(h, s)
	q.list(h)
	if q.Nested {
		return q.settle()
	}
	// The thread in Wait submits the poll, not this one. The kernel would complete the poll in this
	// thread from then on, and this thread may be busy at that time. Without a thread in Wait, the
	// next Wait submits the poll before it blocks.
	return q.Interrupt()
}
