package completion

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// Add implements [queue.Queue].
func (q *adapter) Add(h handle, r queue.Registration) error {
	return q.change("add", h, func() error {
		if err := q.check(r); err != nil {
			return err
		}
		s := q.byHandle[h]
		if s != nil && s.registered {
			return queue.ErrExists
		}
		s = q.sourceOf(h)
		err := q.replace(s, r)
		q.release(s)
		return err
	})
}

// Modify implements [queue.Queue].
func (q *adapter) Modify(h handle, r queue.Registration) error {
	return q.change("modify", h, func() error {
		if err := q.check(r); err != nil {
			return err
		}
		s, err := q.find(h)
		if err != nil {
			return err
		}
		return q.replace(s, r)
	})
}

// replace registers r below, together with what operations wait for. The queue below checks
// readiness again, so the events of earlier generations are not needed.
func (q *adapter) replace(s *source, r queue.Registration) error {
	next := *s
	next.register(r)
	next.generation++
	below := r
	below.Token = next.tokenBelow(next.generation)
	if awaited := q.awaited(s); awaited != queue.None {
		below.Interest |= awaited
		if r.Mode != queue.Level || r.Interest == queue.None {
			below.Mode = queue.Edge
		}
	}
	var err error
	if s.added {
		err = q.below.Modify(s.handle, below)
	} else {
		err = q.below.Add(s.handle, below)
	}
	if err != nil {
		return err
	}
	s.register(r)
	s.generation, s.added, s.below = next.generation, true, below
	return nil
}

// Delete implements [queue.Queue].
func (q *adapter) Delete(h handle) error {
	return q.change("delete", h, func() error {
		s, err := q.find(h)
		if err != nil {
			return err
		}
		wasLevel := s.below.Mode == queue.Level
		s.registered, s.exclusive, s.interest, s.armed = false, false, queue.None, queue.None
		switch awaited := q.awaited(s); {
		case awaited == queue.None:
			// Operations that are not tried yet register the handle themselves.
			err = q.below.Delete(h)
			s.added = false
			s.generation++
		case wasLevel, s.below.Exclusive:
			s.below = queue.Registration{Token: s.tokenBelow(s.generation), Interest: awaited, Mode: queue.Edge}
			err = q.below.Modify(h, s.below)
		}
		q.release(s)
		return err
	})
}

// WouldBlock implements [queue.Queue].
func (q *adapter) WouldBlock(h handle, dir queue.Interest) error {
	return q.change("would block", h, func() error {
		s, err := q.find(h)
		if err != nil || s.mode != queue.Edge {
			return err
		}
		s.reported &^= dir
		switch missed := s.missed & dir; {
		case missed != queue.None:
			// The edge may have gone, or it may be the one that the caller needs next.
			s.missed &^= dir
			return q.below.Modify(h, s.below)
		case q.native && dir.Has(queue.Readable) && (s.urgent || s.ends || !q.features.Urgent):
			// A short read counts as would-block where edges are emulated. It may have left the end
			// of the stream, or bytes after an urgent mark, whose edge has gone.
			return q.below.Modify(h, s.below)
		case !q.native:
			return q.below.WouldBlock(h, dir&s.below.Interest)
		}
		return nil
	})
}

func (q *adapter) find(h handle) (*source, error) {
	if s := q.byHandle[h]; s != nil && s.registered {
		return s, nil
	}
	return nil, queue.ErrNotFound
}

// check refuses what no queue accepts, because the mode below may differ from that of r.
func (q *adapter) check(r queue.Registration) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return queue.ErrInvalid
	case r.Exclusive && (!q.features.Exclusive || r.Mode == queue.OneShot):
		return fmt.Errorf("exclusive registration: %w", errors.ErrUnsupported)
	}
	return nil
}

// change runs f, which changes the registration of h, with mu held.
func (q *adapter) change(operation string, h handle, f func() error) error {
	q.mu.Lock()
	err := error(queue.ErrClosed)
	if !q.gate.Closed() {
		err = f()
	}
	wake := q.unattended()
	q.mu.Unlock()
	q.interrupt(wake)
	if err != nil {
		return fmt.Errorf("completion: %s handle %v: %w", operation, h, err)
	}
	return nil
}
