package epoll

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// Queue is a [queue.Queue] on one epoll instance. Use New.
type Queue struct {
	ep    sys.Handle
	waker *wake.Waker
	gate  *gate.Gate // guards every use of ep or waker without mu
	exact bool       // whether the kernel takes timeouts in nanoseconds
	born  time.Time  // origin of all times: time.Since(born) reads one clock, time.Now two

	// woken is true from a Wake that signalled until a Wait has taken the signal. Calls in between
	// need no signal of their own.
	woken atomic.Bool

	mu    sync.Mutex
	slots []slot // guarded by mu; indexed by handle
}

var _ queue.Nester = (*Queue)(nil)

// wakeData is the epoll data of the waker. No handle has this number.
const wakeData = ^uint64(0)

// New opens a queue, which holds two or three handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks epoll, the error is [errors.ErrUnsupported].
func New(o Options) (*Queue, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	ep, err := sys.EpollCreate()
	if err != nil {
		return nil, errors.Join(wake.Unavailable("epoll: epoll_create1", err), w.Close())
	}
	// One waiter takes an edge, and the next edge needs no read before it.
	if err := sys.EpollAdd(ep, w.Handle(), sys.EpollIn|sys.EpollEdge, wakeData); err != nil {
		return nil, errors.Join(wake.Unavailable("epoll: add waker", err), w.Close(), sys.Close(ep))
	}
	// Probed by a call: an older kernel returns ENOSYS, a sandbox any errno.
	_, err = sys.EpollWaitExact(ep, make([]sys.EpollEvent, 1), 0)
	return &Queue{ep: ep, waker: w, gate: gate.New(), exact: err == nil, born: time.Now()}, nil
}

// Features implements [queue.Queue].
func (q *Queue) Features() queue.Features {
	return queue.Features{
		Mechanism: "epoll", Waker: q.waker.Kind(),
		NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
		Urgent: true,
	}
}

// Handle implements [queue.Nester]. It returns the epoll instance.
func (q *Queue) Handle() sys.Handle { return q.ep }

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
		return fmt.Errorf("epoll: wake: %w", queue.ErrClosed)
	}
	defer q.gate.Leave()
	if q.woken.Load() || !q.woken.CompareAndSwap(false, true) {
		return nil
	}
	if err := q.waker.Signal(); err != nil {
		q.woken.Store(false)
		return fmt.Errorf("epoll: wake: %w", err)
	}
	return nil
}

// Close implements [queue.Queue].
func (q *Queue) Close() error {
	q.mu.Lock()
	if !q.gate.Shut() {
		q.mu.Unlock()
		return fmt.Errorf("epoll: close: %w", queue.ErrClosed)
	}
	// Every waiter sees a level, one after the other. Once the gate is shut, no waiter clears it.
	err := errors.Join(q.waker.Signal(), sys.EpollModify(q.ep, q.waker.Handle(), sys.EpollIn, wakeData))
	q.mu.Unlock()
	q.gate.WaitEmpty()
	q.slots = nil
	return errors.Join(err, sys.Close(q.ep), q.waker.Close())
}

// Wait implements [queue.Queue]. It uses all of events as scratch space.
//
// It has few returns and no defer: after a system call, the processor mispredicts each return.
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (n int, err error) {
	if !q.gate.Enter() {
		return 0, fmt.Errorf("epoll: wait: %w", queue.ErrClosed)
	}
	if len(events) == 0 {
		q.gate.Leave()
		return 0, fmt.Errorf("epoll: wait: 0 events, want room for at least 1: %w", queue.ErrInvalid)
	}
	var begin time.Duration
	if timeout > 0 {
		begin = time.Since(q.born)
	}
	left := timeout
	raw := rawEvents(events)
	for {
		// The call with whole milliseconds is the cheaper one, so it gets every timeout that it can
		// express.
		if q.exact && left > 0 && left%time.Millisecond != 0 {
			n, err = sys.EpollWaitExact(q.ep, raw, left)
		} else {
			n, err = sys.EpollWait(q.ep, raw, left)
		}
		if n > 0 {
			var woken bool
			n, woken, err = q.deliver(events, raw[:n])
			if n > 0 || woken || err != nil {
				break
			}
		} else if err != nil && err != syscall.EINTR {
			err = fmt.Errorf("epoll: wait: %w", err)
			break
		}
		if timeout > 0 {
			left = max(0, timeout-(time.Since(q.born)-begin))
		}
		if left == 0 {
			n, err = 0, q.passed()
			break
		}
	}
	q.gate.Leave()
	return n, err
}

// passed returns the result of a Wait that timed out.
func (q *Queue) passed() error {
	if q.gate.Closed() {
		return fmt.Errorf("epoll: wait: %w", queue.ErrClosed)
	}
	return nil
}

// rawEvents returns the memory of events for the kernel to write to; the kernel's events are no
// larger. So each of any number of waiters has an array of the size that it asks for, without an
// allocation.
func rawEvents(events []queue.Event) []sys.EpollEvent {
	return unsafe.Slice((*sys.EpollEvent)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

// This does not compile if an Event is smaller than an EpollEvent, or less aligned.
const (
	_ = unsafe.Sizeof(queue.Event{}) - unsafe.Sizeof(sys.EpollEvent{})
	_ = unsafe.Alignof(queue.Event{}) - unsafe.Alignof(sys.EpollEvent{})
)

// deliver turns raw into events, which share their memory. It reports whether raw contained a Wake.
func (q *Queue) deliver(events []queue.Event, raw []sys.EpollEvent) (n int, woken bool, err error) {
	q.mu.Lock()
	if q.gate.Closed() {
		q.mu.Unlock()
		return 0, false, fmt.Errorf("epoll: wait: %w", queue.ErrClosed)
	}
	// From the last to the first: each event is written at or after the raw event just read. It
	// therefore lies after all raw events that are still unread.
	first := len(raw)
	for i := len(raw) - 1; i >= 0; i-- {
		data, bits := sys.EpollData(&raw[i]), raw[i].Events
		if data == wakeData {
			woken = true
			err = q.takeWake()
			continue
		}
		h := handleOf(data)
		s := q.slotOf(h)
		if s == nil || s.generation != generationOf(data) {
			continue // taken before a Modify or Delete
		}
		e := queue.Event{Token: s.token, Ready: readyOf(bits) & (queue.Ready(s.armed) | ^queue.Ready(queue.Both))}
		if e.Ready.Directions() == queue.None {
			continue
		}
		if s.mode == queue.OneShot {
			e.Disarmed = q.disarm(h, s, e.Ready.Directions(), data)
		}
		first--
		events[first] = e
	}
	q.mu.Unlock()
	if first > 0 {
		copy(events, events[first:len(raw)])
	}
	return len(raw) - first, woken, err
}

// takeWake makes the next Wake signal again.
func (q *Queue) takeWake() error {
	// Drain the pipe first, then clear the flag. In the other order, a Wake in between would be
	// drained, and the kernel drops an edge whose cause has gone.
	if q.waker.Kind() == wake.Pipe {
		if err := q.waker.Clear(); err != nil {
			return fmt.Errorf("epoll: clear waker: %w", err)
		}
	}
	q.woken.Store(false)
	return nil
}

func failed(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("epoll: %s handle %v: %w", operation, h, err)
}
