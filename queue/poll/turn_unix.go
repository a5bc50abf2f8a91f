//go:build unix

package poll

import (
	"fmt"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

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

// deliver turns the results of poll(2) into events and reports whether they answer a Wake. The
// caller has the turn.
func (q *instance) deliver(events []queue.Event, ready int, polled error) (n int, woken bool, err error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	q.Polling = false
	if q.Signalled {
		if err := q.waker.Clear(); err != nil {
			return 0, false, q.Failed("wait", fmt.Errorf("clear waker: %w", err))
		}
		q.Signalled = false
	}
	if q.Gate.Closed() {
		return 0, false, q.Closed("wait")
	}
	if polled != nil && polled != syscall.EINTR {
		return 0, false, q.Failed("wait", polled)
	}
	woken, q.Woken = q.Woken, false
	if polled != nil || ready == 0 {
		return 0, woken, nil
	}
	return q.collect(events), woken, nil
}

// collect stores events. It begins after the last entry of the previous call, so that a short slice
// serves all entries in turn. The caller holds Mu.
func (q *instance) collect(events []queue.Event) int {
	n, entries := 0, len(q.polled)
	for range entries {
		if q.next >= entries {
			q.next = 0
		}
		i := q.next
		q.next++
		if i == 0 || q.polled[i].Revents == 0 {
			continue
		}
		event, ok, changed := q.set.report(q.polled[i], q.stamps[i])
		q.changed = q.changed || changed
		if !ok {
			continue
		}
		events[n] = event
		if n++; n == len(events) {
			break
		}
	}
	return n
}
