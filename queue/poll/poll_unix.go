//go:build unix

package poll

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/queue/internal/turn"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// Queue is a [queue.Queue] on poll(2). Use New.
type Queue struct {
	waker *wake.Waker
	gate  *gate.Gate // entered by every Wait
	turn  *turn.Turn // held by the Wait that polls

	mu      sync.Mutex
	set     set  // guarded by mu
	changed bool // guarded by mu; whether set differs from the copy
	polling bool // guarded by mu; whether the copy may be in the kernel
	kicked  bool // guarded by mu; whether the waker is readable
	woken   bool // guarded by mu; whether a Wake is unanswered

	polled []sys.PollFD // owned by the holder of the turn; a copy of set.fds
	stamps []uint32     // owned by the holder of the turn; a copy of set.stamps
	next   int          // owned by the holder of the turn; the first entry of polled to collect
}

var _ queue.Queue = (*Queue)(nil)

// New opens a queue, which holds one or two handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the waker, the error is [errors.ErrUnsupported].
func New(o Options) (*Queue, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	q := &Queue{waker: w, gate: gate.New(), turn: turn.New(), changed: true}
	q.set.fds = []sys.PollFD{{Fd: int32(w.Handle()), Events: sys.PollIn}}
	q.set.stamps = []uint32{0}
	return q, nil
}

// Features implements [queue.Queue].
func (q *Queue) Features() queue.Features {
	return queue.Features{Mechanism: "poll", Waker: q.waker.Kind(), PeerShut: sys.PollRDHup != 0}
}

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	return q.change("add", h, func() error {
		if err := polling.CheckRegistration(r, false); err != nil {
			return err
		}
		if q.set.has(h) {
			return queue.ErrExists
		}
		if err := polling.CheckHandle(h); err != nil {
			return err
		}
		q.set.add(h, r)
		return nil
	})
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	return q.change("modify", h, func() error {
		if err := polling.CheckRegistration(r, false); err != nil {
			return err
		}
		if !q.set.has(h) {
			return queue.ErrNotFound
		}
		if err := polling.CheckHandle(h); err != nil {
			return err
		}
		q.set.replace(h, r)
		return nil
	})
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	// The kernel holds a reference to the open file that it polls. Kick the Wait so that the kernel
	// drops it, because the caller is about to close the handle.
	return q.change("delete", h, func() error {
		if !q.set.has(h) {
			return queue.ErrNotFound
		}
		q.set.remove(h)
		return nil
	})
}

// WouldBlock implements [queue.Queue].
func (q *Queue) WouldBlock(h sys.Handle, dir queue.Interest) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed("would block", h, queue.ErrClosed)
	}
	if !q.set.has(h) {
		return failed("would block", h, queue.ErrNotFound)
	}
	if q.set.rearm(h, dir) {
		return q.kick()
	}
	return nil
}

// change runs f, which changes the set, with mu held.
func (q *Queue) change(operation string, h sys.Handle, f func() error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	if err := f(); err != nil {
		return failed(operation, h, err)
	}
	return q.kick()
}

// kick makes a Wait that polls use the changed set. The caller holds mu.
func (q *Queue) kick() error {
	q.changed = true
	return q.interrupt()
}

func (q *Queue) interrupt() error {
	if !q.polling || q.kicked {
		return nil
	}
	if err := q.waker.Signal(); err != nil {
		return fmt.Errorf("poll: wake: %w", err)
	}
	q.kicked = true
	return nil
}

// Wake implements [queue.Queue].
func (q *Queue) Wake() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return fmt.Errorf("poll: wake: %w", queue.ErrClosed)
	}
	q.woken = true
	return q.interrupt()
}

// Close implements [queue.Queue].
func (q *Queue) Close() error {
	q.mu.Lock()
	if !q.gate.Shut() {
		q.mu.Unlock()
		return fmt.Errorf("poll: close: %w", queue.ErrClosed)
	}
	q.turn.End()
	err := q.interrupt()
	q.mu.Unlock()
	q.gate.WaitEmpty()
	return errors.Join(err, q.waker.Close())
}

// Wait implements [queue.Queue].
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !q.gate.Enter() {
		return 0, fmt.Errorf("poll: wait: %w", queue.ErrClosed)
	}
	defer q.gate.Leave()
	if len(events) == 0 {
		return 0, fmt.Errorf("poll: wait: 0 events, want room for at least 1: %w", queue.ErrInvalid)
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	if !q.turn.Take(timeout) {
		return 0, q.passed()
	}
	defer q.turn.Release()
	for {
		if timeout > 0 {
			timeout = max(0, time.Until(deadline))
		}
		left := q.prepare(timeout)
		n, err := sys.Poll(q.polled, left)
		n, woken, err := q.deliver(events, n, err)
		if n > 0 || woken || err != nil {
			return n, err
		}
		if timeout == 0 {
			return 0, q.passed()
		}
	}
}

// passed returns the result of a Wait that timed out.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("poll: wait: %w", queue.ErrClosed)
	}
	return nil
}

func failed(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("poll: %s handle %v: %w", operation, h, err)
}
