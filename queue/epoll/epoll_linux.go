package epoll

import (
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// instance is a queue on one epoll instance.
type instance struct {
	base.Parallel
	ep    sys.Handle
	waker *waker.Waker
	exact bool                  // whether the kernel takes timeouts in nanoseconds
	table table.Table[struct{}] // guarded by Mu
}

// wakeData is the epoll data of the waker. No handle has this number.
const wakeData = ^uint64(0)

// New opens a queue, which holds two or three handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks epoll, the error is [errors.ErrUnsupported].
func New(o Options) (queue.Nester, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, err
	}
	ep, err := sys.EpollCreate()
	if err != nil {
		return nil, errors.Join(wake.Unavailable("epoll_create1", err), w.Close())
	}
	// One waiter takes an edge, and the next edge needs no read before it.
	if err := sys.EpollAdd(ep, w.Handle(), sys.EpollIn|sys.EpollEdge, wakeData); err != nil {
		return nil, errors.Join(wake.Unavailable("add waker", err), w.Close(), sys.Close(ep))
	}
	// Probed by a call: an older kernel returns ENOSYS, a sandbox any errno.
	_, err = sys.EpollWaitExact(ep, make([]sys.EpollEvent, 1), 0)
	f := queue.Features{
		Mechanism: "epoll", Waker: w.Kind(),
		NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
		Urgent: true,
	}
	return &instance{Parallel: base.NewParallel(f, w.Signal), ep: ep, waker: w, exact: err == nil}, nil
}

// Handle implements [queue.Nester]. It returns the epoll instance.
func (q *instance) Handle() sys.Handle { return q.ep }

// Close implements [queue.Queue].
func (q *instance) Close() error {
	ok, err := q.Shut(func() error {
		// Every waiter sees a level, one after the other. Once the gate is shut, no waiter clears
		// it.
		return errors.Join(q.waker.Signal(), sys.EpollModify(q.ep, q.waker.Handle(), sys.EpollIn, wakeData))
	})
	if !ok {
		return err
	}
	q.table.Release()
	return errors.Join(err, sys.Close(q.ep), q.waker.Close())
}

// Wait implements [queue.Queue]. It uses all of events as scratch space.
//
// It has few returns and no defer: after a system call, the processor mispredicts each return.
func (q *instance) Wait(events []queue.Event, timeout time.Duration) (n int, err error) {
	if err := q.Enter(events); err != nil {
		return 0, err
	}
	begin := q.Begin(timeout)
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
			err = q.Failed("wait", err)
			break
		}
		if left = q.Left(timeout, begin); left == 0 {
			n, err = 0, q.Passed()
			break
		}
	}
	q.Gate.Leave()
	return n, err
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
func (q *instance) deliver(events []queue.Event, raw []sys.EpollEvent) (n int, woken bool, err error) {
	q.Mu.Lock()
	if q.Gate.Closed() {
		q.Mu.Unlock()
		return 0, false, q.Closed("wait")
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
		s := q.table.Current(table.HandleOf(data), data>>32)
		if s == nil {
			continue // stale
		}
		e, ok := s.Report(readyOf(bits))
		if !ok {
			continue
		}
		if e.Disarmed != queue.None {
			q.rearm(s, data)
		}
		first--
		events[first] = e
	}
	q.Mu.Unlock()
	if first > 0 {
		copy(events, events[first:len(raw)])
	}
	return len(raw) - first, woken, err
}

// takeWake makes the next Wake signal again.
func (q *instance) takeWake() error {
	if q.waker.FillsUp() {
		if err := q.waker.Clear(); err != nil {
			return q.Failed("wait", fmt.Errorf("clear waker: %w", err))
		}
	}
	q.WakeTaken()
	return nil
}
