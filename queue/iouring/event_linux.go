package iouring

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// deliver turns completions into events and reports whether they answer a Wake. The caller has the
// turn.
func (q *instance) deliver(events []queue.Event, entered error) (n int, woken bool, err error) {
	q.issue()
	defer q.unissue()
	q.Polling = false
	if q.Gate.Closed() {
		return 0, false, q.Closed("wait")
	}
	switch entered {
	case nil, syscall.EINTR, syscall.ETIME, syscall.EBUSY, syscall.EAGAIN:
	case syscall.EBADR:
		err = q.startOver()
	default:
		err = entered
	}
	if err == nil {
		n, err = q.collect(events)
	}
	if err == nil && q.Nested {
		if err = q.settle(); err == nil && len(q.local) > 0 {
			err = q.Interrupt() // the ring does not show them
		}
	}
	if err != nil && n == 0 {
		return 0, false, q.waitFailed(err)
	}
	// Return events before an error, or they would be lost. The error is a lack of memory, and the
	// next Wait retries.
	woken, q.Woken = q.Woken, false
	return n, woken, nil
}

// collect stores events until there is no room or no completion. The caller holds Mu and has the
// turn.
func (q *instance) collect(events []queue.Event) (n int, err error) {
	n = q.emitLocal(events)
	head := q.ring.Taken()
	for n < len(events) {
		c, ok := q.ring.Peek()
		if !ok {
			return q.emitSilent(events, n, head), nil
		}
		q.ring.Advance()
		q.taken++
		if n, err = q.take(events, n, c); err != nil {
			return n, err
		}
	}
	return n, nil
}

// take stores the event of a completion at events[n] and returns the new number of events. It adds
// none if the completion reports nothing, or belongs to an event already stored. take does not
// trust the kernel that a completion belongs to a registration. The caller holds Mu and has the
// turn.
func (q *instance) take(events []queue.Event, n int, c sys.IoUringCQE) (int, error) {
	h, generation := table.HandleOf(c.UserData), table.GenerationOf(c.UserData)
	s := q.table.Current(h, uint64(generation))
	switch {
	case h == wakeMark:
		return n, q.takeWake(generation, c)
	case h == cancelMark:
		return n, nil
	case c.UserData&operationMark != 0:
		return q.complete(events, n, c)
	case s != nil:
		event, ok, err := q.eventOf(h, s, c)
		if ok {
			n = q.store(events, n, h, event)
		}
		return n, err
	case c.Flags&sys.IoUringMore != 0:
		// Its cancellation is under way, or else there was no memory for one.
		return n, q.push(q.cancelRequest(c.UserData))
	}
	return n, nil
}

// store adds an event, or merges it into the event of the same handle. A lasting poll completes at
// each arrival, and a late Wait must not make the caller read a hundred times. The caller holds Mu
// and has the turn.
func (q *instance) store(events []queue.Event, n int, h sys.Handle, e queue.Event) int {
	s := q.table.At(h)
	if at := int(s.Extra.at); at < n && q.batch[at] == int32(h) {
		events[at].Ready |= e.Ready
		return n
	}
	if n == len(q.batch) {
		q.batch = append(q.batch, 0)
	}
	q.batch[n], s.Extra.at = int32(h), int32(n)
	events[n] = e
	return n + 1
}

// eventOf returns the event of a completion of s; ok is false if it reports nothing. It ensures
// that h is polled as its mode requires. The caller holds Mu.
func (q *instance) eventOf(h sys.Handle, s *slot, c sys.IoUringCQE) (e queue.Event, ok bool, err error) {
	e, ok = s.Report(readyOf(s, c))
	if c.Flags&sys.IoUringMore == 0 {
		if s.Mode == queue.Edge && q.waitless(h, s, c) {
			// A new poll would also end at once with the same result, again and again.
			s.Armed = queue.None
		}
		// Lasting polls also end if the ring is full.
		s.Flags &^= polled | lasting
		q.list(h)
	}
	if !ok {
		return e, false, nil
	}
	switch syscall.Errno(-c.Result) {
	case syscall.EBADF, syscall.EINVAL:
		// The handle was closed, or it is not ready and wakes no waiter. The kernel would report
		// either indefinitely.
		s.Armed = queue.None
	}
	if s.Mode != queue.Edge && is(s, lasting) {
		s.Flags &^= half
		err = q.withdraw(h, s)
		q.list(h)
	}
	return e, true, err
}

// waitless reports whether c ended a lasting poll of s because h wakes no waiter. Some files have a
// poll but no wait queue, for instance settings in /proc/sys. The kernel ends a lasting poll of
// such a file with its first completion. epoll accepts such files and reports them once. The caller
// holds Mu.
func (q *instance) waitless(h sys.Handle, s *slot, c sys.IoUringCQE) bool {
	// A full ring ends the lasting poll of any file. In that case, all completions that filled the
	// ring were taken after the poll was stored, and c after them.
	if !is(s, lasting) || is(s, listed) || c.Result < 0 || q.taken-uint32(s.Extra.next) > q.ring.Capacity() {
		return false
	}
	// A socket always has a wait queue. If a kernel ends its poll for another reason, a new poll is
	// right.
	kind, err := sys.KindOf(h)
	return err == nil && kind == sys.KindFile
}

// readyOf returns the readiness that a completion of s reports.
func readyOf(s *slot, c sys.IoUringCQE) queue.Ready {
	switch {
	case c.Result == -int32(syscall.ECANCELED):
		// The queue did not cancel the poll, or the generation would differ: the thread that
		// submitted it has ended.
		return 0
	case c.Result < 0:
		// The operation itself returns the error.
		return polling.ReadyOf(sys.PollErr)
	}
	ready := polling.ReadyOf(int16(c.Result))
	if ready.Directions()&s.Armed == queue.None {
		// The peer sends no more. The kernel always reports this, but a registration for writing
		// does not wait for it. A poll that reports once would complete at once, again and again.
		s.Flags |= half
	}
	return ready
}

// startOver restarts all polls and operations after the kernel has lost completions. The caller
// holds Mu.
func (q *instance) startOver() error {
	for i := range q.table.Len() {
		h := sys.Handle(i)
		if s := q.table.Of(h); s != nil {
			if err := q.withdraw(h, s); err != nil {
				return err
			}
			q.list(h)
		}
	}
	q.reclaim()
	old := wakeData(q.wakes)
	q.wakes++
	q.Signalled = false
	if q.waker == nil || !q.attending {
		return nil
	}
	q.attending = false
	return q.push(q.cancelRequest(old))
}
