// Package queuefault makes a [queue.Queue] behave oddly. Oddities that the contract allows test the
// users of a queue. Oddities that it forbids test the tests of a queue.
package queuefault

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Faults is a set of oddities.
type Faults uint16

// Oddities that the contract allows.
const (
	Delay    Faults = 1 << iota // Wait takes up to half a millisecond longer
	Shorten                     // Wait reports fewer events than are pending and fit
	Split                       // an event for both directions comes as two events
	Merge                       // events of one token in a batch come as one event
	Reorder                     // the events of a batch come in any order
	Spurious                    // in modes Level and Edge, about one event in 32 comes again before WouldBlock
)

// Oddities that the contract forbids.
const (
	Drop      Faults = 1 << (8 + iota) // in modes Edge and OneShot, about one event in 4 is lost
	Duplicate                          // in mode OneShot, about one event in 4 comes again
	Stale                              // about one registration in 4 is reported after Delete
)

// Legal is the set of all oddities that the contract allows.
const Legal = Delay | Shorten | Split | Merge | Reorder | Spurious

const (
	delayMax = 500 * time.Microsecond
	rarely   = 32 // one event in this many
	often    = 4
	// pendingMax bounds the pending repeats. At the bound no event is repeated.
	pendingMax = 16
)

// Queue is a queue.Queue over another queue. Use New to make one. It is never a [queue.Nester],
// because it may hold events back.
type Queue struct {
	inner  queue.Queue
	faults Faults

	mu      sync.Mutex
	random  *rand.Rand                        // guarded by mu
	regs    map[sys.Handle]queue.Registration // guarded by mu
	owners  map[queue.Token]sys.Handle        // guarded by mu; Invalid for a token that several handles have
	pending []repeat                          // guarded by mu; the repeats that the next Wait reports
	closed  bool                              // guarded by mu
}

type repeat struct {
	handle sys.Handle
	event  queue.Event
}

var _ queue.Queue = (*Queue)(nil)

// New returns q with faults. The result owns q: Close closes both. The same seed makes the same
// choices, in the order in which the calls of all goroutines arrive.
func New(q queue.Queue, faults Faults, seed uint64) *Queue {
	return &Queue{
		inner: q, faults: faults, random: rand.New(rand.NewPCG(seed, 0)),
		regs: map[sys.Handle]queue.Registration{}, owners: map[queue.Token]sys.Handle{}, pending: make([]repeat, 0, pendingMax),
	}
}

// has reports whether to inject f now: in about one call in once, if f is among the faults. The
// caller holds mu.
func (q *Queue) has(f Faults, once int) bool { return q.faults&f != 0 && q.random.IntN(once) == 0 }

// Features implements [queue.Queue].
func (q *Queue) Features() queue.Features {
	f := q.inner.Features()
	f.Nested = false
	return f
}

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.inner.Add(h, r)
	if err == nil {
		q.own(h, r)
	}
	return err
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.inner.Modify(h, r)
	if err == nil {
		q.forget(h, queue.Both)
		q.disown(h)
		q.own(h, r)
	}
	return err
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.inner.Delete(h)
	if err == nil {
		q.forget(h, queue.Both)
		if r := q.regs[h]; q.has(Stale, often) {
			q.again(sys.Invalid, queue.Event{Token: r.Token, Ready: queue.Ready(r.Interest)})
		}
		q.disown(h)
	}
	return err
}

// WouldBlock implements [queue.Queue].
func (q *Queue) WouldBlock(h sys.Handle, dir queue.Interest) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forget(h, dir)
	return q.inner.WouldBlock(h, dir)
}

// Wake implements [queue.Queue].
func (q *Queue) Wake() error { return q.inner.Wake() }

// Close implements [queue.Queue].
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	return q.inner.Close()
}

// Wait implements [queue.Queue].
func (q *Queue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, room, delay := q.before(events)
	pause(delay)
	if n > 0 {
		return n, nil
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for {
		n, err := q.inner.Wait(events[:room], timeout)
		if n == 0 || err != nil {
			return n, err
		}
		n, delay = q.after(events, n)
		pause(delay)
		if n > 0 || timeout == 0 {
			return n, nil
		}
		// All of the events were dropped.
		if timeout > 0 {
			timeout = max(0, time.Until(deadline))
		}
	}
}

// pause cannot be interrupted. That is no problem, because it is a fault.
func pause(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
}

// before stores pending repeats in events. It returns how many it stored, how many events to ask
// for, and how long to pause.
func (q *Queue) before(events []queue.Event) (n, room int, delay time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	room = len(events)
	if room == 0 || q.closed {
		return 0, room, 0
	}
	for n < len(q.pending) && n < len(events) {
		events[n] = q.pending[n].event
		n++
	}
	q.pending = q.pending[:copy(q.pending, q.pending[n:])]
	if q.has(Shorten, 2) {
		room = 1 + q.random.IntN(room)
	}
	return n, room, q.delay()
}

func (q *Queue) delay() time.Duration {
	if !q.has(Delay, often) {
		return 0
	}
	return time.Duration(q.random.Int64N(int64(delayMax)))
}

// after changes the n events that a Wait has stored and returns the new count.
func (q *Queue) after(events []queue.Event, n int) (int, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = q.choose(events[:n])
	if q.faults&Merge != 0 {
		n = merge(events[:n])
	}
	if q.faults&Split != 0 {
		n = q.split(events, n)
	}
	if q.faults&Reorder != 0 {
		q.random.Shuffle(n, func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
	return n, q.delay()
}

// choose drops some of events and schedules repeats of others. The caller holds mu.
func (q *Queue) choose(events []queue.Event) (n int) {
	for _, e := range events {
		h, ok := q.owners[e.Token]
		if ok && h != sys.Invalid {
			r := q.regs[h]
			if r.Mode != queue.Level && q.has(Drop, often) {
				continue
			}
			directions := e.Ready & queue.Ready(r.Interest)
			if directions != 0 && r.Mode != queue.OneShot && q.has(Spurious, rarely) {
				q.again(h, queue.Event{Token: e.Token, Ready: directions})
			}
			if r.Mode == queue.OneShot && q.has(Duplicate, often) {
				q.again(sys.Invalid, e)
			}
		}
		events[n] = e
		n++
	}
	return n
}

// merge merges the events of each token into one event.
func merge(events []queue.Event) (n int) {
	for _, e := range events {
		same := -1
		for i := range events[:n] {
			if events[i].Token == e.Token {
				same = i
			}
		}
		if same >= 0 {
			events[same].Ready |= e.Ready
			events[same].Disarmed |= e.Disarmed
			continue
		}
		events[n] = e
		n++
	}
	return n
}

// split splits some events for both directions into two, as far as the slice has room. The caller
// holds mu.
func (q *Queue) split(events []queue.Event, n int) int {
	for i := range n {
		if n == len(events) {
			break
		}
		e := events[i]
		if e.Ready.Directions() != queue.Both || q.random.IntN(2) == 0 {
			continue
		}
		second := e
		events[i].Ready &^= queue.Ready(queue.Writable)
		events[i].Disarmed &^= queue.Writable
		second.Ready &^= queue.Ready(queue.Readable)
		second.Disarmed &^= queue.Readable
		events[n] = second
		n++
	}
	return n
}

// again schedules a repeat of event. The caller holds mu.
func (q *Queue) again(h sys.Handle, event queue.Event) {
	if len(q.pending) < pendingMax {
		q.pending = append(q.pending, repeat{h, event})
	}
}

// forget removes directions from the pending repeats for h. The caller holds mu.
func (q *Queue) forget(h sys.Handle, directions queue.Interest) {
	kept := q.pending[:0]
	for _, p := range q.pending {
		if p.handle == h && h != sys.Invalid {
			p.event.Ready &^= queue.Ready(directions)
			if p.event.Ready.Directions() == queue.None {
				continue
			}
		}
		kept = append(kept, p)
	}
	q.pending = kept
}

// own records the registration of h. The caller holds mu.
func (q *Queue) own(h sys.Handle, r queue.Registration) {
	q.regs[h] = r
	if _, taken := q.owners[r.Token]; taken {
		h = sys.Invalid
	}
	q.owners[r.Token] = h
}

// disown drops the registration of h. The caller holds mu.
func (q *Queue) disown(h sys.Handle) {
	token := q.regs[h].Token
	if q.owners[token] == h {
		delete(q.owners, token)
	}
	delete(q.regs, h)
}
