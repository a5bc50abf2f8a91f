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
	gate  *gate.Gate // around everything that uses kq or waker without mu

	// woken is set from a Wake that signalled until a Wait has taken the signal: calls in between
	// need none of their own.
	woken atomic.Bool

	mu    sync.Mutex
	slots []slot // guarded by mu; indexed by handle
}

var _ queue.Nester = (*Queue)(nil)

// New opens a queue, which holds one descriptor until it is closed, or three with the waker "pipe".
//
// Errors: [queue.ErrInvalid] for an unknown waker, [queue.ErrUnavailable] with the errno if the
// system refuses, one that is [errors.ErrUnsupported] for a waker that it does not have.
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

// Handle implements [queue.Nester]: it returns the kqueue.
func (q *Queue) Handle() sys.Handle { return q.kq }

// WouldBlock implements [queue.Queue]. The kernel knows that the operation would block, so there is
// nothing to do.
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

// leave is how a Wait ends. The signal of Close is an edge, which one waiter takes: each that
// leaves a closed queue passes it on to the next. It is tempting to let Close turn it into a level
// that all see; but then every system would have to be right in how it hands one level to many
// threads, and this needs only what a Wake needs anyway.
func (q *Queue) leave() {
	if q.gate.Closed() {
		// If this fails, so did the call of Close, which reports it.
		_ = q.waker.clear()
		_ = q.waker.signal()
	}
	q.gate.Leave()
}

// eventsPerWaitMax is how many events one Wait asks the kernel for: their memory is on the stack of
// the waiter.
const eventsPerWaitMax = 64

// Wait implements [queue.Queue].
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !q.gate.Enter() {
		return 0, fmt.Errorf("kqueue: wait: %w", queue.ErrClosed)
	}
	defer q.leave()
	if len(events) == 0 {
		return 0, fmt.Errorf("kqueue: wait for no events: %w", queue.ErrInvalid)
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	var memory [eventsPerWaitMax]sys.Kevent
	// There is no second call for what does not fit: it would return the same levels again.
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

// passed is how a Wait ends whose time is up.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("kqueue: wait: %w", queue.ErrClosed)
	}
	return nil
}

// deliver turns raw into events, and reports whether a Wake was among them.
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
	// A pipe is drained first and the flag cleared after that: the other way round, a Wake in
	// between would be drained, and the kernel drops an edge whose cause is gone.
	if err := q.waker.clear(); err != nil {
		return fmt.Errorf("kqueue: wait: clear waker: %w", err)
	}
	q.woken.Store(false)
	return nil
}

func failed(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("kqueue: %s handle %v: %w", operation, h, err)
}
