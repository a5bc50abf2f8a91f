//go:build unix

package poll

import (
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

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

// report returns the event for an entry that the kernel reported. ok is false if the registration
// has ended or there is nothing to report. changed reports whether the entry now requests other
// directions.
func (s *set) report(e sys.PollFD, stamp uint32) (event queue.Event, ok, changed bool) {
	h := handleOf(e)
	x := s.table.Current(h, uint64(stamp))
	if x == nil {
		return event, false, false // stale
	}
	if event, ok = x.Report(polling.ReadyOf(e.Revents)); !ok {
		return event, false, false
	}
	switch {
	case e.Revents&sys.PollInvalid != 0:
		// The handle was closed, and the kernel would report it indefinitely.
		x.Armed = queue.None
	case x.Mode == queue.Edge:
		x.Armed &^= event.Ready.Directions()
	case x.Mode == queue.Level:
		return event, true, false
	}
	s.arm(h, x)
	return event, true, true
}
