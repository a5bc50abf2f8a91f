//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// Queue is a [queue.Queue] on one kqueue. Use New.
type Queue struct {
	kq    sys.Handle
	waker *waker
	gate  *gate.Gate // guards every use of kq or waker without mu

	// woken is true from a Wake that signalled until a Wait has taken the signal. Calls in between
	// need no signal of their own.
	woken atomic.Bool

	mu    sync.Mutex
	slots []slot // guarded by mu; indexed by handle
}

var _ queue.Nester = (*Queue)(nil)

// New opens a queue, which holds one handle until Close, or three with the waker "pipe".
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the waker, the error is [errors.ErrUnsupported].
func New(o Options) (*Queue, error) {
	sys.StartRuntimePoller()
	kq, err := sys.Kqueue()
	if err != nil {
		return nil, wake.Unavailable("kqueue: kqueue", err)
	}
	w, err := openWaker(kq, o.Waker)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("kqueue: %w", err), sys.Close(kq))
	}
	return &Queue{kq: kq, waker: w, gate: gate.New()}, nil
}

// Features implements [queue.Queue].
func (q *Queue) Features() queue.Features {
	return queue.Features{
		Mechanism: "kqueue", Waker: q.waker.kind(),
		NativeEdge: true, NativeOneShot: true, PeerShut: true, Nested: true,
	}
}

// Handle implements [queue.Nester]. It returns the kqueue.
func (q *Queue) Handle() sys.Handle { return q.kq }

// WouldBlock implements [queue.Queue]. It only checks that the queue is open: the kernel knows that
// the operation would block.
func (q *Queue) WouldBlock(h sys.Handle, _ queue.Interest) error {
	if q.gate.Closed() {
		return failed("would block", h, queue.ErrClosed)
	}
	return nil
}

// Wake implements [queue.Queue].
func (q *Queue) Wake() error {
	if !q.gate.Enter() {
		return fmt.Errorf("kqueue: wake: %w", queue.ErrClosed)
	}
	defer q.gate.Leave()
	if q.woken.Load() || !q.woken.CompareAndSwap(false, true) {
		return nil
	}
	if err := q.waker.signal(); err != nil {
		q.woken.Store(false)
		return fmt.Errorf("kqueue: wake: %w", err)
	}
	return nil
}

// Close implements [queue.Queue].
func (q *Queue) Close() error {
	q.mu.Lock()
	if !q.gate.Shut() {
		q.mu.Unlock()
		return fmt.Errorf("kqueue: close: %w", queue.ErrClosed)
	}
	err := q.waker.signal() // reaches one Wait, which passes it on
	q.mu.Unlock()
	q.gate.WaitEmpty()
	q.slots = nil
	return errors.Join(err, q.waker.close(), sys.Close(q.kq))
}

// leave ends a Wait. The signal of Close is an edge, which one waiter takes. Each Wait that leaves
// a closed queue passes the signal on to the next.
//
// It is tempting to let Close turn the signal into a level that all waiters see. Then every system
// would have to hand one level to many threads correctly. Passing it on needs only what a Wake
// needs anyway.
func (q *Queue) leave() {
	if q.gate.Closed() {
		// If this fails, the same call failed in Close, which reports it.
		_ = q.waker.clear()
		_ = q.waker.signal()
	}
	q.gate.Leave()
}

// eventsPerWaitMax is the number of events that one Wait requests from the kernel. Their memory is
// on the stack of the waiter.
const eventsPerWaitMax = 64

// Wait implements [queue.Queue].
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !q.gate.Enter() {
		return 0, fmt.Errorf("kqueue: wait: %w", queue.ErrClosed)
	}
	defer q.leave()
	if len(events) == 0 {
		return 0, fmt.Errorf("kqueue: wait: 0 events, want room for at least 1: %w", queue.ErrInvalid)
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	var memory [eventsPerWaitMax]sys.Kevent
	// Make no second call for events that do not fit: it would return the same levels again.
	raw := memory[:min(len(events), len(memory))]
	for {
		n, err := sys.KqueueWait(q.kq, raw, timeout)
		if err != nil && err != syscall.EINTR {
			return 0, fmt.Errorf("kqueue: wait: %w", err)
		}
		if n > 0 {
			n, woken, err := q.deliver(events, raw[:n])
			if n > 0 || woken || err != nil {
				return n, err
			}
		}
		if timeout > 0 {
			timeout = max(0, time.Until(deadline))
		}
		if timeout == 0 {
			return 0, q.passed()
		}
	}
}

// passed returns the result of a Wait that timed out.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("kqueue: wait: %w", queue.ErrClosed)
	}
	return nil
}

// deliver turns raw into events and reports whether raw contained a Wake.
func (q *Queue) deliver(events []queue.Event, raw []sys.Kevent) (n int, woken bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return 0, false, fmt.Errorf("kqueue: wait: %w", queue.ErrClosed)
	}
	for i := range raw {
		if q.waker.is(&raw[i]) {
			woken = true
			err = q.takeWake()
			continue
		}
		if e, ok := q.eventOf(&raw[i]); ok {
			events[n] = e
			n++
		}
	}
	return n, woken, err
}

// takeWake makes the next Wake signal again.
func (q *Queue) takeWake() error {
	// Drain the pipe first, then clear the flag. In the other order, a Wake in between would be
	// drained, and the kernel drops an edge whose cause has gone.
	if err := q.waker.clear(); err != nil {
		return fmt.Errorf("kqueue: wait: clear waker: %w", err)
	}
	q.woken.Store(false)
	return nil
}

func failed(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("kqueue: %s handle %v: %w", operation, h, err)
}
