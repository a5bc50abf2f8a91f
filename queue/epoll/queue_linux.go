package epoll

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/table"
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
			if timeout == 0 {
				continue // all were stale; see queue.Nester
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
