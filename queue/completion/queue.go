package completion

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/sys"
)

type handle = sys.Handle

// adapter is a queue that performs operations when the queue below reports readiness.
type adapter struct {
	below    queue.Queue
	gate     *gate.Gate // counts the calls of Wait
	features queue.Features
	native   bool // whether the edges of below are native
	born     time.Time

	mu       sync.Mutex // guards all below; never held during the operation of a lane
	flights  flight.Table[operation]
	sources  []*source          // by the lower half of the tokens of below
	unused   []*source          // those of sources that have no handle
	byHandle map[handle]*source // the others
	closes   lane               // the operations of kind OpClose
	due      ring[*lane]        // lanes to be tried
	done     ring[completion]   // not yet returned by a Wait
	timers   timers
	woken    bool // by Wake, and no Wait has returned for it
	passed   bool // whether the last Wait into a single event passed over the queue below
	blocked  int  // Waits that are about to block in below, or do
	watchers int  // those of them that return in time for the first timer
	period   uint // changes whenever the first timer becomes an earlier one
}

// completion is what a Wait returns of an operation.
type completion struct {
	event queue.Event
	id    queue.OpID
}

// Features implements [queue.Queue].
func (q *adapter) Features() queue.Features { return q.features }

// Wait implements [queue.Queue].
func (q *adapter) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !q.gate.Enter() {
		return 0, q.failed("wait", queue.ErrClosed)
	}
	defer q.gate.Leave()
	if len(events) == 0 {
		return 0, q.failed("wait", fmt.Errorf("0 events, want room for at least 1: %w", queue.ErrInvalid))
	}
	until := time.Duration(-1)
	if timeout > 0 {
		now := q.now()
		until = now + min(timeout, math.MaxInt64-now)
	}
	for {
		n, over, err := q.turn(events, timeout, until)
		if n > 0 || over || err != nil {
			return n, err
		}
	}
}

// turn tries the lanes that are due, waits once for the queue below, and tries the lanes that it
// reported. over reports whether a Wake or the timeout ends the Wait.
func (q *adapter) turn(events []queue.Event, timeout, until time.Duration) (n int, over bool, err error) {
	q.mu.Lock()
	q.expire()
	q.work(len(events))
	room := q.roomBelow(len(events))
	block, last := q.block(timeout, until)
	period := q.period
	if block != 0 {
		q.blocked++
		q.watchers++
	}
	q.mu.Unlock()
	if room > 0 {
		n, err = q.below.Wait(events[:room], block)
	}
	q.mu.Lock()
	if block != 0 {
		q.blocked--
		if period == q.period {
			q.watchers--
		}
	}
	if q.gate.Closed() {
		q.mu.Unlock()
		return 0, false, q.failed("wait", queue.ErrClosed)
	}
	if err != nil {
		wake := q.unattended()
		q.mu.Unlock()
		q.interrupt(wake)
		return 0, false, err
	}
	n = q.translate(events[:n])
	q.expire()
	q.work(len(events) - n)
	n += q.take(events[n:])
	over = last || q.woken || n == 0 && timeout > 0 && q.now() >= until
	q.woken = false
	wake := q.unattended()
	q.mu.Unlock()
	q.interrupt(wake)
	return n, over, nil
}

// roomBelow returns how many events the queue below may report: all but half, if there are that
// many completions. A single event is for each of the two in turn.
func (q *adapter) roomBelow(events int) int {
	waiting := q.done.len()
	if events == 1 && waiting > 0 {
		q.passed = !q.passed
		if q.passed {
			return 0
		}
		return 1
	}
	return events - min(waiting, events/2)
}

// block returns how long a Wait may block in the queue below, and whether the Wait ends then.
func (q *adapter) block(timeout, until time.Duration) (block time.Duration, last bool) {
	if timeout == 0 {
		return 0, true
	}
	if q.woken || q.done.len() > 0 || q.due.len() > 0 || q.gate.Closed() {
		return 0, false
	}
	if timeout < 0 && q.timers.len() == 0 {
		return -1, false
	}
	now := q.now()
	if timeout > 0 {
		if block = until - now; block <= 0 {
			return 0, true
		}
	}
	if q.timers.len() > 0 {
		if first := max(1, q.timers.first()-now); timeout < 0 || first < block {
			block = first
		}
	}
	return block, false
}

// unattended reports whether there is work that none of the blocked Waits will see by itself.
func (q *adapter) unattended() bool {
	return q.blocked > 0 && (q.due.len() > 0 || q.done.len() > 0 || q.watchers == 0 && q.timers.len() > 0)
}

// interrupt makes a blocked Wait look for work, if it is wanted. The caller does not hold mu.
func (q *adapter) interrupt(wanted bool) {
	if wanted {
		_ = q.below.Wake() // after an error, the next Wait does the work
	}
}

// translate turns the events of the queue below into those of the caller, and makes the lanes that
// they concern due.
func (q *adapter) translate(events []queue.Event) int {
	n := 0
	for _, e := range events {
		s := q.current(e.Token)
		if s == nil {
			continue // stale
		}
		q.notify(s, e.Ready)
		if e, ok := s.report(e.Ready); ok {
			events[n] = e
			n++
		}
	}
	return n
}

// take stores completions in events, and ends their operations.
func (q *adapter) take(events []queue.Event) int {
	n := min(len(events), q.done.len())
	for i := range n {
		c := q.done.pop()
		events[i] = c.event
		if c.event.Terminal() {
			q.drop(c.id)
		}
	}
	return n
}

// Wake implements [queue.Queue].
func (q *adapter) Wake() error {
	q.mu.Lock()
	q.woken = true
	q.mu.Unlock()
	return q.below.Wake()
}

// Close implements [queue.Queue].
func (q *adapter) Close() error {
	q.mu.Lock()
	first := q.gate.Shut()
	q.mu.Unlock()
	if !first {
		return q.failed("close", queue.ErrClosed)
	}
	err := q.below.Close()
	q.gate.WaitEmpty()
	q.mu.Lock()
	defer q.mu.Unlock()
	return errors.Join(err, q.abandon())
}

// abandon ends everything without events. It closes the accepted handles, and takes back the
// buffers, that no Wait has returned.
func (q *adapter) abandon() error {
	var errs []error
	for q.done.len() > 0 {
		c := q.done.pop()
		o := q.flights.Of(c.id)
		if o.Kind == queue.OpAccept && c.event.Result >= 0 {
			errs = append(errs, sys.Close(handle(c.event.Result)))
		}
		if c.event.Completion&queue.Provided != 0 {
			o.Extra.pool.Return(c.event.Buffer)
		}
	}
	for i := range q.flights.Slots() {
		if id, o := q.flights.At(i); o != nil {
			q.drop(id)
		}
	}
	q.sources, q.unused, q.byHandle = nil, nil, nil
	q.due, q.timers = ring[*lane]{}, timers{}
	return errors.Join(errs...)
}

func (q *adapter) now() time.Duration { return time.Since(q.born) }

func (q *adapter) failed(operation string, err error) error {
	return fmt.Errorf("%s: %s: %w", q.features.Mechanism, operation, err)
}
