package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		if _, ok := q.polls.byHandle[h]; ok {
			return queue.ErrExists
		}
		base, err := baseOf(h)
		if err != nil {
			return err
		}
		i, err := q.polls.take(q.port)
		if err != nil {
			return err
		}
		q.polls.slots[i] = slot{Extra: extra{handle: h, base: base}}
		q.polls.byHandle[h] = i
		if err := q.register(i, r); err != nil {
			return errors.Join(err, q.end(i))
		}
		return nil
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		i, err := q.find(h)
		if err != nil {
			return err
		}
		// A poll under way would not report that h was closed.
		if _, err := baseOf(h); err != nil {
			return err
		}
		return q.register(i, r)
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		i, err := q.find(h)
		if err != nil {
			return err
		}
		return q.end(i)
	})
}

// WouldBlock implements [queue.Queue].
func (q *instance) WouldBlock(h sys.Handle, dir queue.Interest) error {
	return q.Change("would block", h, func() error {
		i, err := q.find(h)
		if err != nil {
			return err
		}
		s := &q.polls.slots[i]
		if s.Mode != queue.Edge {
			return nil
		}
		s.Generation++ // the caller has used up what an earlier poll found
		s.Armed |= dir & s.Extra.interest
		return q.schedule(i)
	})
}

// find returns the index of the slot of a registered handle. The caller holds Mu.
func (q *instance) find(h sys.Handle) (int32, error) {
	i, ok := q.polls.byHandle[h]
	if !ok {
		return none, queue.ErrNotFound
	}
	return i, nil
}

// register makes r the registration of slot i. The caller holds Mu.
func (q *instance) register(i int32, r queue.Registration) error {
	s := &q.polls.slots[i]
	*s = s.Renewed(r)
	s.Extra.interest = r.Interest
	return q.schedule(i)
}

// end ends the registration of slot i. Another socket may get the number of its handle at once. The
// caller holds Mu.
func (q *instance) end(i int32) error {
	s := &q.polls.slots[i]
	delete(q.polls.byHandle, s.Extra.handle)
	s.End()
	err := q.schedule(i)
	if s.Extra.state == idle {
		q.polls.giveBack(i)
	}
	return err
}

// baseOf returns the base socket of h. Its error distinguishes a handle that cannot be polled from
// a handle that is not open.
func baseOf(h sys.Handle) (sys.Handle, error) {
	base, err := sys.BaseSocket(h)
	if err != nil && sys.IsObject(h) {
		return base, fmt.Errorf("%w: %w", queue.ErrNotPollable, err)
	}
	return base, err
}
