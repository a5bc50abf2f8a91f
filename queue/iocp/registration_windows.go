package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	const operation = "add"
	if err := check(r); err != nil {
		return failed(operation, h, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	if _, ok := q.table.byHandle[h]; ok {
		return failed(operation, h, queue.ErrExists)
	}
	base, err := baseOf(h)
	if err != nil {
		return failed(operation, h, err)
	}
	i, err := q.table.take(q.port)
	if err != nil {
		return failed(operation, h, err)
	}
	q.table.slots[i] = slot{handle: h, base: base, registered: true}
	q.table.byHandle[h] = i
	if err := q.register(i, r); err != nil {
		return errors.Join(failed(operation, h, err), q.end(i))
	}
	return nil
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	const operation = "modify"
	if err := check(r); err != nil {
		return failed(operation, h, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i, err := q.find(h)
	if err == nil {
		_, err = baseOf(h) // a poll under way would not report that h was closed
	}
	if err == nil {
		err = q.register(i, r)
	}
	if err != nil {
		return failed(operation, h, err)
	}
	return nil
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, err := q.find(h)
	if err == nil {
		err = q.end(i)
	}
	if err != nil {
		return failed("delete", h, err)
	}
	return nil
}

// WouldBlock implements [queue.Queue].
func (q *Queue) WouldBlock(h sys.Handle, dir queue.Interest) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, err := q.find(h)
	if err == nil && q.table.slots[i].mode == queue.Edge {
		s := &q.table.slots[i]
		s.generation++ // the caller has used up what an earlier poll found
		s.armed |= dir & s.interest
		err = q.schedule(i)
	}
	if err != nil {
		return failed("would block", h, err)
	}
	return nil
}

// find returns the index of the slot of a registered handle. The caller holds mu.
func (q *Queue) find(h sys.Handle) (int32, error) {
	if q.gate.Closed() {
		return none, queue.ErrClosed
	}
	i, ok := q.table.byHandle[h]
	if !ok {
		return none, queue.ErrNotFound
	}
	return i, nil
}

// register makes r the registration of slot i. The caller holds mu.
func (q *Queue) register(i int32, r queue.Registration) error {
	s := &q.table.slots[i]
	s.generation++
	s.token, s.interest, s.armed, s.mode = r.Token, r.Interest, r.Interest, r.Mode
	return q.schedule(i)
}

// end ends the registration of slot i. Another socket may get the number of its handle at once. The
// caller holds mu.
func (q *Queue) end(i int32) error {
	s := &q.table.slots[i]
	delete(q.table.byHandle, s.handle)
	s.registered, s.armed = false, queue.None
	err := q.schedule(i)
	if s.state == idle {
		q.table.giveBack(i)
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

func check(r queue.Registration) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return queue.ErrInvalid
	case r.Exclusive:
		return fmt.Errorf("exclusive registration: %w", errors.ErrUnsupported)
	}
	return nil
}
