package stream

import (
	"net"
	"os"
	"slices"

	"github.com/edgewise-go/edgewise/sys"
)

// parked is a caller that is suspended until another one resumes it.
type parked struct {
	resume func() // guarded by the queue's lock, as is what follows
	woken  bool
}

// until suspends the caller until done returns true. It calls done with the lock held. One of the
// waiting callers drives: it waits for the kernel and sends. The others wait for it.
func (q *WriteQueue) until(done func() bool) error {
	for !done() {
		err := q.stopped()
		if err == nil && q.c.out.expired() {
			err = os.ErrDeadlineExceeded
		}
		if err == nil {
			err = q.step()
		}
		if err != nil {
			q.wakeAll() // another caller has to drive
			return err
		}
	}
	if q.ring.n > 0 && !q.driving {
		q.wakeAll()
	}
	return q.stopped()
}

// stopped returns the reason why waiting is pointless, or nil.
func (q *WriteQueue) stopped() error {
	if q.closed {
		return net.ErrClosed
	}
	return q.failure
}

// step suspends the caller once. It may return without a cause.
func (q *WriteQueue) step() error {
	if q.ring.n == 0 || q.driving {
		return q.park()
	}
	return q.drive()
}

// drive waits until the kernel takes more, and sends.
func (q *WriteQueue) drive() error {
	// The kernel must refuse first: the Source waits for what follows a refusal.
	if err := q.push(); err != nil || q.ring.n == 0 {
		q.wakeAll()
		return err
	}
	q.driving = true
	q.unlock()
	err := q.c.waitSide(&q.c.out, sys.Writable)
	q.mu.Lock()
	q.driving = false
	if err == nil {
		err = q.push()
	}
	if !q.congested || q.ring.n == 0 {
		q.wakeAll()
	}
	return err
}

// park suspends the caller until wakeAll.
func (q *WriteQueue) park() error {
	w := &parked{}
	q.parked = append(q.parked, w)
	q.unlock()
	err := q.c.Suspend(func(resume func()) {
		q.mu.Lock()
		woken := w.woken
		w.resume = resume
		q.mu.Unlock()
		if woken {
			resume()
		}
	})
	q.mu.Lock()
	if i := slices.Index(q.parked, w); i >= 0 {
		q.parked = slices.Delete(q.parked, i, i+1)
	}
	return err
}

// wakeAll makes every parked caller look again once the lock is released.
func (q *WriteQueue) wakeAll() {
	for _, w := range q.parked {
		w.woken = true
		if w.resume != nil {
			q.woken = append(q.woken, w)
		}
	}
	clear(q.parked)
	q.parked = q.parked[:0]
}

// unlock releases the lock and then resumes the callers that wakeAll has collected. Their resume
// functions take locks of their own.
func (q *WriteQueue) unlock() {
	woken := q.woken
	q.woken = nil
	q.mu.Unlock()
	for _, w := range woken {
		w.resume()
	}
}

// Suspend calls start and suspends the caller until the function passed to start is called. Any
// goroutine may call that function, exactly once. It is for layers above a Conn, whose callers wait
// for each other and must not block the thread of a loop. A caller that can neither be suspended
// nor block gets [ErrBusy].
func (c *Conn) Suspend(start func(resume func())) error {
	if c.MayBlock() {
		woken := make(chan struct{})
		start(func() { close(woken) })
		<-woken
		return nil
	}
	return suspend(c.reg, start, ErrBusy)
}

// MayBlock reports whether the calling goroutine may be blocked by means other than the Waiter; see
// the package's section on concurrency.
func (c *Conn) MayBlock() bool {
	return mayBlock(c.reg)
}
