//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// instance is a queue on one kqueue.
type instance struct {
	base.Parallel
	kq    sys.Handle
	waker *wakeEvent
	table table.Table[extra] // guarded by Mu
}

// Handle implements [queue.Nester]. It returns the kqueue.
func (q *instance) Handle() sys.Handle { return q.kq }

// Close implements [queue.Queue].
func (q *instance) Close() error {
	ok, err := q.Shut(q.waker.signal) // reaches one Wait, which passes it on
	if !ok {
		return err
	}
	q.table.Release()
	return errors.Join(err, q.waker.close(), sys.Close(q.kq))
}

// leave ends a Wait. The signal of Close is an edge, which one waiter takes. Each Wait that leaves
// a closed queue passes the signal on to the next.
//
// It is tempting to let Close turn the signal into a level that all waiters see. Then every system
// would have to hand one level to many threads correctly. Passing it on needs only what a Wake
// needs anyway.
func (q *instance) leave() {
	if q.Gate.Closed() {
		// If this fails, the same call failed in Close, which reports it.
		_ = q.waker.clear()
		_ = q.waker.signal()
	}
	q.Gate.Leave()
}

// eventsPerWaitMax is the number of events that one Wait requests from the kernel. Their memory is
// on the stack of the waiter.
const eventsPerWaitMax = 64

// Wait implements [queue.Queue].
func (q *instance) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if err := q.Enter(events); err != nil {
		return 0, err
	}
	defer q.leave()
	begin := q.Begin(timeout)
	left := timeout
	var memory [eventsPerWaitMax]sys.Kevent
	// Make no second call for events that do not fit: it would return the same levels again.
	raw := memory[:min(len(events), len(memory))]
	for {
		n, err := sys.KqueueWait(q.kq, raw, left)
		if err != nil && err != syscall.EINTR {
			return 0, q.Failed("wait", err)
		}
		if n > 0 {
			n, woken, err := q.deliver(events, raw[:n])
			if n > 0 || woken || err != nil {
				return n, err
			}
			if timeout == 0 {
				continue // all were stale; see queue.Nester
			}
		}
		if left = q.Left(timeout, begin); left == 0 {
			return 0, q.Passed()
		}
	}
}
