package iouring

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/queue/internal/turn"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// Queue is a [queue.Queue] on one io_uring instance. Use New.
type Queue struct {
	ring  *sys.IoUring // push and submit need mu, entering and taking completions need the turn
	skip  uint8        // the flag that suppresses completions of successful submissions, if the kernel has it
	waker *wake.Waker  // nil if a submission wakes
	gate  *gate.Gate   // entered by every Wait
	turn  *turn.Turn   // held by the Wait that is in the kernel

	mu    sync.Mutex
	slots []slot // guarded by mu; indexed by handle
	// The list of slots to be polled at the next submission. Guarded by mu.
	first, last int32
	polling     bool   // guarded by mu; whether a Wait may be in the kernel
	nested      bool   // guarded by mu; whether another queue may wait for the ring
	woken       bool   // guarded by mu; whether a Wake is unanswered
	signalled   bool   // guarded by mu; whether a completion of the waker is under way
	attending   bool   // guarded by mu; whether the waker is polled
	wakes       uint32 // guarded by mu; the generation of the waker's poll, as in a slot
	taken       uint32 // guarded by mu; number of completions taken, modulo 2^32

	batch []int32 // owned by the holder of the turn; the handle of each stored event
}

var _ queue.Nester = (*Queue)(nil)

// nop is the waker that needs no handle: a submission that does nothing and completes at once.
const nop = "nop"

// Features implements [queue.Queue]. Urgent is false: a lasting poll completes with the mask of the
// wake-up, and TCP wakes with EPOLLPRI for all data (sock_def_readable() of Linux).
func (q *Queue) Features() queue.Features {
	kind := nop
	if q.waker != nil {
		kind = q.waker.Kind()
	}
	return queue.Features{
		Mechanism: "iouring", Waker: kind,
		NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
	}
}

// Handle implements [queue.Nester]. It returns the ring. From the first call on, the queue keeps
// the ring up to date between Waits.
func (q *Queue) Handle() sys.Handle {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.gate.Closed() && !q.nested {
		q.nested = true
		// Leave a failure to the next Wait, which returns the error.
		if err := q.settle(); err == nil && q.woken {
			_ = q.signal()
		}
	}
	return q.ring.Handle()
}

// Wake implements [queue.Queue].
func (q *Queue) Wake() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return fmt.Errorf("iouring: wake: %w", queue.ErrClosed)
	}
	q.woken = true
	if !q.polling && !q.nested {
		return nil // the next Wait sees it before it blocks
	}
	if err := q.signal(); err != nil {
		return fmt.Errorf("iouring: wake: %w", err)
	}
	return nil
}

// signal makes the kernel post a completion of the waker, unless one is under way. The caller holds
// mu.
func (q *Queue) signal() error {
	if q.signalled {
		return nil
	}
	if q.waker != nil {
		if err := q.waker.Signal(); err != nil {
			return err
		}
	} else {
		if err := q.push(sys.IoUringSQE{Opcode: sys.IoUringNop, UserData: wakeData(q.wakes)}); err != nil {
			return err
		}
		if err := q.submit(); err != nil {
			return err
		}
	}
	q.signalled = true
	return nil
}

// Close implements [queue.Queue].
func (q *Queue) Close() error {
	q.mu.Lock()
	if !q.gate.Shut() {
		q.mu.Unlock()
		return fmt.Errorf("iouring: close: %w", queue.ErrClosed)
	}
	q.turn.End()
	var err error
	if q.polling {
		err = q.signal()
	}
	q.mu.Unlock()
	q.gate.WaitEmpty()
	// Cancel all polls, because the kernel would do so only some time after the ring is closed, and
	// hold the files until then. Before Linux 5.19 this cancellation fails, and the kernel cancels
	// them later.
	if q.push(sys.IoUringSQE{Opcode: sys.IoUringCancel, OpFlags: sys.IoUringCancelAll | sys.IoUringCancelAny, UserData: cancelData}) == nil {
		_ = q.submit()
	}
	q.slots = nil
	err = errors.Join(err, q.ring.Close())
	if q.waker != nil {
		err = errors.Join(err, q.waker.Close())
	}
	return err
}

// Wait implements [queue.Queue].
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !q.gate.Enter() {
		return 0, fmt.Errorf("iouring: wait: %w", queue.ErrClosed)
	}
	defer q.gate.Leave()
	if len(events) == 0 {
		return 0, fmt.Errorf("iouring: wait: 0 events, want room for at least 1: %w", queue.ErrInvalid)
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
		requests, left, err := q.prepare(timeout)
		if err != nil {
			return 0, err
		}
		// Take the completions that an earlier Wait left in the ring before asking the kernel for
		// more.
		_, rest := q.ring.Peek()
		if rest = rest && requests == 0; !rest {
			err = q.ring.Enter(requests, left)
		}
		scarce := err == syscall.EAGAIN
		n, woken, err := q.deliver(events, err)
		if n > 0 || woken || err != nil {
			return n, err
		}
		if timeout == 0 && (scarce || !rest && !q.ring.Overflown()) {
			return 0, q.passed()
		}
		if scarce {
			time.Sleep(scarcePause)
		}
	}
}

// passed returns the result of a Wait that timed out.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("iouring: wait: %w", queue.ErrClosed)
	}
	return nil
}

// prepare stores the pending submissions. It returns how many there are to submit and how long to
// wait: not at all if a Wake is unanswered. The caller has the turn.
func (q *Queue) prepare(timeout time.Duration) (requests uint32, left time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	err = q.start()
	// Slots without room stay listed until this Wait has taken completions.
	crowded := err == syscall.EBUSY || err == syscall.EAGAIN
	if err != nil && !crowded {
		return 0, 0, fmt.Errorf("iouring: wait: %w", err)
	}
	q.polling = true
	if crowded || q.woken || q.gate.Closed() {
		timeout = 0
	}
	return q.ring.Unsubmitted(), timeout, nil
}

func failed(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("iouring: %s handle %v: %w", operation, h, err)
}
