package iouring

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/spare"
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
	listeners   map[sys.Handle]sys.Handle // guarded by Mu; the epoll instance that watches each listener
	attending   bool                      // guarded by Mu; whether the waker is polled
	wakes       uint32                    // guarded by Mu; the generation of the waker's poll, as in a slot
	taken       uint32                    // guarded by Mu; number of completions taken, modulo 2^32

	entries uint64  // owned by the holder of the turn; number of times that a Wait entered the kernel
	batch   []int32 // owned by the holder of the turn; the handle of each stored event, or none

	flight   flight.Table[operation] // guarded by Mu
	backlog  []queue.OpID            // guarded by Mu; operations to be submitted
	cancels  []queue.OpID            // guarded by Mu; operations to be canceled
	local    []queue.OpID            // guarded by Mu; operations whose terminal completion needs no kernel
	silents  []silence               // guarded by Mu; in the order of their submissions
	inside   int                     // guarded by Mu; number of operations in the kernel
	memories []*sys.IoUringMessage   // guarded by Mu; unused ones
	details  spare.Parts[details]    // guarded by Mu
	empty    details                 // never changed
	groups   []*buffers              // guarded by Mu; those of each number, or nil
	retired  []*buffers              // guarded by Mu; to be taken from the kernel
	zeroCopy bool                    // whether the kernel sends with zero copy
	born     time.Time               // origin of the times of operations

	single  bool             // whether only one thread may enter the ring; see single_linux.go
	enabled bool             // guarded by Mu; whether that thread is known
	issuing bool             // guarded by Mu; whether the thread that holds Mu may enter the ring
	spill   []sys.IoUringSQE // guarded by Mu; submissions of other threads for which the ring had no room
	owner   int              // set with the turn and Mu; the thread
	drained bool             // guarded by Mu; whether drain has run
	ended   error            // what drain returned
	freed   sys.Handle       // becomes ready when the kernel has freed the ring; only with single
}

// Handle implements [queue.Nester]. It returns the ring. From the first call on, the queue keeps
// the ring up to date between Waits.
func (q *instance) Handle() sys.Handle {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if !q.Gate.Closed() && !q.Nested && !q.single {
		q.Nested = true
		// Leave a failure to the next Wait, which returns the error.
		if err := q.settle(); err == nil && q.Woken {
			_ = q.Interrupt()
		}
	}
	return q.ring.Handle()
}

// Close implements [queue.Queue]. It cancels the operations in flight and waits until the kernel
// has none.
func (q *instance) Close() error {
	ok, err := q.Shut()
	if !ok {
		return err
	}
	switch {
	case q.drained:
		err = errors.Join(err, q.ended, q.ring.Close())
	case !q.single || q.owner == syscall.Gettid():
		err = errors.Join(err, q.drain(), q.ring.Close())
	case q.inside > 0:
		err = errors.Join(err, q.abandon())
	default:
		err = errors.Join(err, q.ring.Close())
	}
	q.Mu.Lock()
	defer q.Mu.Unlock()
	q.table.Release()
	for h := range q.listeners {
		err = errors.Join(err, q.unwatch(h))
	}
	for _, b := range q.groups {
		if b != nil {
			b.closed = true
			err = errors.Join(err, b.free())
		}
	}
	if q.waker != nil {
		err = errors.Join(err, q.waker.Close())
	}
	if q.single {
		err = errors.Join(err, sys.Close(q.freed))
	}
	return err
}

// Wait implements [queue.Queue].
func (q *instance) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	begin := q.Begin(timeout)
	patience := timeout
	if q.single {
		patience = 0
	}
	if ok, err := q.Take(events, patience); !ok {
		if q.single && err == nil {
			err = q.second()
		}
		return 0, err
	}
	defer q.depart()
	if q.single && q.owner == 0 {
		if err := q.claim(); err != nil {
			return 0, err
		}
	}
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
			q.entries++
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
	q.issue()
	defer q.unissue()
	err = q.start()
	// Slots without room stay listed until this Wait has taken completions.
	crowded := err == syscall.EBUSY || err == syscall.EAGAIN
	if err != nil && !crowded {
		return 0, 0, q.waitFailed(err)
	}
	if crowded || len(q.local) > 0 || q.unheard() {
		timeout = 0
	}
	return q.ring.Unsubmitted(), q.Block(timeout), nil
}
