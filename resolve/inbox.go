package resolve

import (
	"sync"
	"time"
)

// The bounds of the delay before a refused wake is retried. Each refusal doubles the delay.
const (
	wakeRetryMin = time.Millisecond
	wakeRetryMax = 100 * time.Millisecond
)

// Inbox holds finished queries until their owner, an event loop or a goroutine, runs the
// completions.
//
// It never refuses a query and never allocates for one. Finished queries are linked through
// themselves, so the owner's queries in flight bound their number. Any goroutine may finish queries
// into the inbox; only the owner may call Run.
type Inbox struct {
	wake func() error

	mu         sync.Mutex
	head, tail *Query
	n          int
	announced  bool // wake was called or is being retried, and Run has not emptied the inbox since
	retry      *time.Timer
	delay      time.Duration
	closed     bool
}

// NewInbox returns an inbox that calls wake when the inbox stops being empty, and again if Run
// leaves queries in it.
//
// wake runs on the goroutine that finished the query, which can be the owner inside Start. It must
// not block or call Run. It makes the owner call Run soon. For example, it writes to an eventfd,
// does a non-blocking send to a channel of one slot, or posts a function to a loop.
//
// wake returns an error if it is refused (a bounded queue is full). A timer then calls it again
// after a delay, until it is accepted, Run empties the inbox, or the inbox is closed. A refusal
// loses no completion. A nil wake is for owners that call Run anyway.
func NewInbox(wake func() error) *Inbox { return &Inbox{wake: wake} }

// Run calls Done of the queries that had finished when Run was called, in the order in which they
// finished, and returns how many. If limit is positive, it runs at most limit of them. It leaves
// queries that finish meanwhile for the next Run, even those that a Done started, so that a loop's
// turn stays short. If any are left, Run calls wake again.
func (b *Inbox) Run(limit int) int {
	b.mu.Lock()
	n := b.n
	b.mu.Unlock()
	if limit > 0 && n > limit {
		n = limit
	}
	// Deferred, so that a Done that panics does not strand the queries after it.
	defer b.settle()
	for i := range n {
		q := b.pop()
		if q == nil { // Run was called by a Done
			return i
		}
		q.Done(q.answer, q.err)
	}
	return n
}

// Len returns the number of finished queries waiting for Run.
func (b *Inbox) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// Close stops the calls of wake and the timer. Queries can still finish, and Run still completes
// them. An owner that goes away cancels its queries, closes the inbox and calls Run once more.
func (b *Inbox) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.retry != nil {
		b.retry.Stop()
	}
}

func (b *Inbox) put(q *Query) {
	b.mu.Lock()
	if b.tail == nil {
		b.head = q
	} else {
		b.tail.next = q
	}
	b.tail = q
	b.n++
	announce := !b.announced
	b.announced = true
	b.mu.Unlock()
	if announce {
		b.announce()
	}
}

func (b *Inbox) pop() *Query {
	b.mu.Lock()
	q := b.head
	if q != nil {
		b.head, q.next = q.next, nil
		if b.head == nil {
			b.tail = nil
		}
		b.n--
	}
	b.mu.Unlock()
	return q
}

func (b *Inbox) settle() {
	b.mu.Lock()
	left := b.n > 0
	b.announced = left
	if !left && b.retry != nil {
		b.retry.Stop()
	}
	b.mu.Unlock()
	if left {
		b.announce()
	}
}

// announce wakes the owner, and arms the timer if the wake is refused.
func (b *Inbox) announce() {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if closed || b.wake == nil {
		return
	}
	err := b.wake()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.delay = 0
		return
	}
	if b.n == 0 || b.closed {
		return
	}
	b.delay = min(max(2*b.delay, wakeRetryMin), wakeRetryMax)
	if b.retry == nil {
		b.retry = time.AfterFunc(b.delay, b.announceAgain)
		return
	}
	b.retry.Reset(b.delay)
}

func (b *Inbox) announceAgain() {
	b.mu.Lock()
	due := b.n > 0
	b.mu.Unlock()
	if due {
		b.announce()
	}
}
