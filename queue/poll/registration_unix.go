//go:build unix

package poll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		next, err := q.set.table.Fresh(h, r)
		if err != nil {
			return err
		}
		if err := sys.CheckPollable(h); err != nil {
			return err
		}
		q.set.add(h, next)
		return q.kick()
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		s, err := q.set.table.Find(h)
		if err != nil {
			return err
		}
		if err := sys.CheckPollable(h); err != nil {
			return err
		}
		q.set.put(h, s.Renewed(r))
		return q.kick()
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.set.table.Find(h)
		if err != nil {
			return err
		}
		q.set.remove(s)
		// The kernel holds a reference to the open file that it polls. Kick the Wait so that the
		// kernel drops it, because the caller is about to close the handle.
		return q.kick()
	})
}

// WouldBlock implements [queue.Queue].
func (q *instance) WouldBlock(h sys.Handle, dir queue.Interest) error {
	return q.Change("would block", h, func() error {
		s, err := q.set.table.Find(h)
		if err != nil {
			return err
		}
		if q.set.rearm(h, s, dir) {
			return q.kick()
		}
		return nil
	})
}

// kick makes a Wait that polls use the changed set. The caller holds Mu.
func (q *instance) kick() error {
	q.changed = true
	return q.Interrupt()
}
