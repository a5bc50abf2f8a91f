package iouring

import (
	"errors"
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
		listens, err := q.checkHandle(h)
		if err != nil {
			return err
		}
		return q.register(h, next, r, listens)
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		listens, err := q.checkHandle(h)
		if err != nil {
			return err
		}
		if err := q.withdraw(h, s); err != nil {
			return err
		}
		return q.register(h, s.Renewed(r), r, listens)
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
		if s.Flags &= listed; !is(s, listed) {
			q.table.Leave(h)
		}
		if err == nil {
			// Submit cancellations now, including those of a Modify. The caller is about to close
			// the handle, and its peer waits for the end.
			err = q.submit()
		}
		return errors.Join(err, q.unwatch(h))
	})
}

// checkHandle returns an error for a handle that cannot be polled, and whether h listens.
func (q *instance) checkHandle(h sys.Handle) (listens bool, err error) {
	if h == q.ring.Handle() {
		return false, syscall.EINVAL // a ring that polls itself would hold itself open indefinitely; epoll also returns EINVAL
	}
	if listens, err = sys.Listens(h); err == nil {
		return listens, nil // a socket, which can be polled
	}
	return false, sys.CheckPollable(h)
}

// register makes s the registration r of h. The kernel has no poll of h. The caller holds Mu.
func (q *instance) register(h sys.Handle, s slot, r queue.Registration, listens bool) error {
	s.Flags &= listed
	switch {
	case r.Exclusive:
		s.Flags |= exclusive // epoll would pass the wake-up on to all queues
	case listens && r.Interest.Has(queue.Readable) && q.watch(h):
		s.Flags |= watched
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
