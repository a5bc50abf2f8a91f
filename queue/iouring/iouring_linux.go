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
	ring  *sys.IoUring // who holds mu pushes and submits, who has the turn enters and takes completions
	skip  uint8        // the flag of requests whose success is no news, if the kernel knows it
	waker *wake.Waker  // nil if a request wakes
	gate  *gate.Gate   // around every Wait
	turn  *turn.Turn   // had by the Wait that is in the kernel

	mu    sync.Mutex
	slots []slot // guarded by mu; indexed by handle
	// What is to be polled, as soon as there is reason to submit: a list through slots. guarded by
	// mu.
	first, last int32
	polling     bool   // guarded by mu; whether a Wait may be in the kernel
	nested      bool   // guarded by mu; whether somebody may wait for the ring itself
	woken       bool   // guarded by mu; whether a Wake has had no answer
	signalled   bool   // guarded by mu; whether a completion of the waker is on its way
	attending   bool   // guarded by mu; whether the waker is polled
	wakes       uint32 // guarded by mu; the generation of the waker's poll, as in a slot
	taken       uint32 // guarded by mu; how many completions were taken, modulo 2^32

	batch []int32 // owned by whoever has the turn; the handle of each event that is being stored
}

var _ queue.Nester = (*Queue)(nil)

// nop is the waker that needs no handle: a request that does nothing and completes at once.
const nop = "nop"

// Features implements [queue.Queue]. Urgent is not among them: a lasting poll completes with the
// mask of the wake-up, and TCP wakes with EPOLLPRI for all data (sock_def_readable() of Linux).
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

// Handle implements [queue.Nester]: it returns the ring. From the first call on, the ring is kept
// up to date between waits.
func (q *Queue) Handle() sys.Handle {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.gate.Closed() && !q.nested {
		q.nested = true
		// What fails here is left for the next Wait, which returns the error.
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

// signal makes the kernel complete something, unless that is under way. The caller holds mu.
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
	// The kernel would cancel what is under way, too, but some time after the ring was closed, and
	// hold the files until then. Before Linux 5.19 it does so.
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
		return 0, fmt.Errorf("iouring: wait for no events: %w", queue.ErrInvalid)
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
		// What an earlier Wait has left in the ring is taken before the kernel is asked for more.
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

// passed is how a Wait ends whose time is up.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("iouring: wait: %w", queue.ErrClosed)
	}
	return nil
}

// prepare stores the requests that have gathered, and returns how many there are to be submitted,
// and how long to wait: a Wake that has had no answer leaves no time. The caller has the turn.
func (q *Queue) prepare(timeout time.Duration) (requests uint32, left time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	err = q.start()
	// What there is no room for stays listed, for after the completions that this Wait takes.
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
