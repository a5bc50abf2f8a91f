//go:build unix

package poll

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// instance is a queue on poll(2).
type instance struct {
	base.Turns
	waker *waker.Waker

	set     set  // guarded by Mu
	changed bool // guarded by Mu; whether set differs from the copy

	polled []sys.PollFD // owned by the holder of the turn; a copy of set.fds
	stamps []uint32     // owned by the holder of the turn; a copy of set.stamps
	next   int          // owned by the holder of the turn; the first entry of polled to collect
}

// New opens a queue, which holds one or two handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the waker, the error is [errors.ErrUnsupported].
func New(o Options) (queue.Queue, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, err
	}
	f := queue.Features{Mechanism: "poll", Waker: w.Kind(), PeerShut: sys.PollRDHup != 0}
	q := &instance{Turns: base.NewTurns(f, w.Signal), waker: w, changed: true}
	q.set.fds = []sys.PollFD{{Fd: int32(w.Handle()), Events: sys.PollIn}}
	q.set.stamps = []uint32{0}
	return q, nil
}

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

// Close implements [queue.Queue].
func (q *instance) Close() error {
	ok, err := q.Shut()
	if !ok {
		return err
	}
	return errors.Join(err, q.waker.Close())
}

// Wait implements [queue.Queue].
func (q *instance) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	begin := q.Begin(timeout)
	if ok, err := q.Take(events, timeout); !ok {
		return 0, err
	}
	defer q.Give()
	for {
		left := q.Left(timeout, begin)
		block := q.prepare(left)
		n, err := sys.Poll(q.polled, block)
		n, woken, err := q.deliver(events, n, err)
		if n > 0 || woken || err != nil {
			return n, err
		}
		if left == 0 {
			return 0, q.Passed()
		}
	}
}
