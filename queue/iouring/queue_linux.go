package iouring

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

// instance is a queue on one io_uring instance.
type instance struct {
	base.Turns
	ring  *sys.IoUring // push and submit need Mu, entering and taking completions need the turn
	skip  uint8        // the flag that suppresses completions of successful submissions, if the kernel has it
	waker *waker.Waker // nil if a submission wakes

	table table.Table[extra] // guarded by Mu
	// The list of slots to be polled at the next submission. Guarded by Mu.
	first, last int32
	attending   bool   // guarded by Mu; whether the waker is polled
	wakes       uint32 // guarded by Mu; the generation of the waker's poll, as in a slot
	taken       uint32 // guarded by Mu; number of completions taken, modulo 2^32

	batch []int32 // owned by the holder of the turn; the handle of each stored event
}

// Handle implements [queue.Nester]. It returns the ring. From the first call on, the queue keeps
// the ring up to date between Waits.
func (q *instance) Handle() sys.Handle {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if !q.Gate.Closed() && !q.Nested {
		q.Nested = true
		// Leave a failure to the next Wait, which returns the error.
		if err := q.settle(); err == nil && q.Woken {
			_ = q.Interrupt()
		}
	}
	return q.ring.Handle()
}

// Close implements [queue.Queue].
func (q *instance) Close() error {
	ok, err := q.Shut()
	if !ok {
		return err
	}
	// Cancel all polls, because the kernel would do so only some time after the ring is closed, and
	// hold the files until then. Before Linux 5.19 this cancellation fails, and the kernel cancels
	// them later.
	if q.push(sys.IoUringSQE{Opcode: sys.IoUringCancel, OpFlags: sys.IoUringCancelAll | sys.IoUringCancelAny, UserData: cancelData}) == nil {
		_ = q.submit()
	}
	q.table.Release()
	err = errors.Join(err, q.ring.Close())
	if q.waker != nil {
		err = errors.Join(err, q.waker.Close())
	}
	return err
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
		requests, block, err := q.prepare(left)
		if err != nil {
			return 0, err
		}
		// Take the completions that an earlier Wait left in the ring before asking the kernel for
		// more.
		_, rest := q.ring.Peek()
		if rest = rest && requests == 0; !rest {
			err = q.ring.Enter(requests, block)
		}
		scarce := err == syscall.EAGAIN
		n, woken, err := q.deliver(events, err)
		if n > 0 || woken || err != nil {
			return n, err
		}
		if left == 0 && (scarce || !rest && !q.ring.Overflown()) {
			return 0, q.Passed()
		}
		if scarce {
			time.Sleep(scarcePause)
		}
	}
}

// prepare stores the pending submissions. It returns how many there are to submit and how long to
// wait: not at all if a Wake is unanswered. The caller has the turn.
func (q *instance) prepare(timeout time.Duration) (requests uint32, left time.Duration, err error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	err = q.start()
	// Slots without room stay listed until this Wait has taken completions.
	crowded := err == syscall.EBUSY || err == syscall.EAGAIN
	if err != nil && !crowded {
		return 0, 0, q.Failed("wait", err)
	}
	if crowded {
		timeout = 0
	}
	return q.ring.Unsubmitted(), q.Block(timeout), nil
}
