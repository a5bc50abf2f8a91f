//go:build unix

package poll

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
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

// prepare updates the copy of the poll set and returns how long to poll it: zero if a Wake is
// unanswered. The caller has the turn.
func (q *instance) prepare(timeout time.Duration) time.Duration {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.changed {
		q.polled = append(q.polled[:0], q.set.fds...)
		q.stamps = append(q.stamps[:0], q.set.stamps...)
		q.changed = false
	}
	return q.Block(timeout)
}
