package stream

import (
	"net"
	"os"
	"slices"

	"github.com/edgewise-go/edgewise/sys"
)

// parked is a caller who is suspended until another one resumes him.
type parked struct {
	resume func() // guarded by the queue's lock, as is what follows
	woken  bool
}

// until suspends the caller until done, which is called with the lock held. Of those who wait, one
// waits for the kernel and sends, which is called driving, and the others wait for him.
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
			q.wakeAll() // somebody else has to drive
			return err
		}
	}
	if q.ring.n > 0 && !q.driving {
		q.wakeAll()
	}
	return q.stopped()
}

// stopped returns why there is nothing to wait for.
func (q *WriteQueue) stopped() error {
	if q.closed {
		return net.ErrClosed
	}
	return q.failure
}

// step suspends the caller once. It may return for nothing.
func (q *WriteQueue) step() error {
	if q.ring.n == 0 || q.driving {
		return q.park()
	}
	return q.drive()
}

// drive waits until the kernel takes more, and sends.
func (q *WriteQueue) drive() error {
	// The kernel has to be asked first: the Source waits for what comes after a refusal.
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
	err := q.c.await(func(resume func()) {
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

// wakeAll makes everybody who is parked look again, once the lock is let go.
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

// unlock lets the lock go and resumes whom wakeAll has found meanwhile: what resumes them has locks
// of its own.
func (q *WriteQueue) unlock() {
	woken := q.woken
	q.woken = nil
	q.mu.Unlock()
	for _, w := range woken {
		w.resume()
	}
}

// await suspends the caller until the function that start is given is called, once, from wherever.
func (c *Conn) await(start func(resume func())) error {
	if c.MayBlock() {
		woken := make(chan struct{})
		start(func() { close(woken) })
		<-woken
		return nil
	}
	return suspend(c.reg, start, ErrBusy)
}

// MayBlock reports whether the calling goroutine may be blocked by other means than the Waiter; see
// the package's section on concurrency.
func (c *Conn) MayBlock() bool {
	return mayBlock(c.reg)
}
