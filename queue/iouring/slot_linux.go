package iouring

import (
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer, so the
// garbage collector does not scan a million of them.
//
// A poll in the kernel holds index and generation. A poll that started before a Modify or Delete
// has another generation than the slot, and its completion is dropped. The poll that starts
// afterwards checks readiness again.
type slot struct {
	token      queue.Token
	generation uint32
	next       int32 // next slot in the list of slots to be polled; while a lasting poll is in the kernel, Queue.taken when it was stored
	at         int32 // index of the event stored last; see Queue.batch
	armed      queue.Interest
	mode       queue.Mode
	state      state
}

// state is a set of bits.
type state uint8

const (
	used      state = 1 << iota // the handle is registered
	exclusive                   // Registration.Exclusive
	listed                      // in the list of slots to be polled, even after the registration has ended
	polled                      // a poll of this generation is in the kernel
	lasting                     // that poll continues after it has reported
	half                        // the peer's half-close is known; it would complete any poll that does not wait for wake-ups
)

func (s *slot) is(b state) bool { return s.state&b != 0 }

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	return q.change("add", h, func() error {
		if err := polling.CheckRegistration(r, true); err != nil {
			return err
		}
		if q.slotOf(h) != nil {
			return queue.ErrExists
		}
		if err := q.checkHandle(h); err != nil {
			return err
		}
		// Only numbers of open handles get here, so RLIMIT_NOFILE bounds the table.
		for sys.Handle(len(q.slots)) <= h {
			q.slots = append(q.slots, slot{})
		}
		return q.register(h, r)
	})
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	return q.change("modify", h, func() error {
		if err := polling.CheckRegistration(r, true); err != nil {
			return err
		}
		if q.slotOf(h) == nil {
			return queue.ErrNotFound
		}
		if err := q.checkHandle(h); err != nil {
			return err
		}
		if err := q.withdraw(h); err != nil {
			return err
		}
		return q.register(h, r)
	})
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	return q.change("delete", h, func() error {
		s := q.slotOf(h)
		if s == nil {
			return queue.ErrNotFound
		}
		err := q.withdraw(h)
		*s = slot{generation: s.generation, next: s.next, state: s.state & listed}
		if err == nil {
			// Submit cancellations now, including those of a Modify. The caller is about to close
			// the handle, and its peer waits for the end.
			err = q.submit()
		}
		return err
	})
}

// WouldBlock implements [queue.Queue]. It only checks that the queue is open: the kernel knows that
// the operation would block.
func (q *Queue) WouldBlock(h sys.Handle, _ queue.Interest) error {
	if q.gate.Closed() {
		return failed("would block", h, queue.ErrClosed)
	}
	return nil
}

// change runs f, which changes the registration of h, with mu held.
func (q *Queue) change(operation string, h sys.Handle, f func() error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	if err := f(); err != nil {
		return failed(operation, h, err)
	}
	return nil
}

func (q *Queue) checkHandle(h sys.Handle) error {
	if h == q.ring.Handle() {
		return syscall.EINVAL // a ring that polls itself would hold itself open indefinitely; epoll also returns EINVAL
	}
	return polling.CheckHandle(h)
}

// slotOf returns the slot of a registered handle, or nil. The caller holds mu.
func (q *Queue) slotOf(h sys.Handle) *slot {
	if h >= sys.Handle(len(q.slots)) || !q.slots[h].is(used) {
		return nil
	}
	return &q.slots[h]
}

// register makes r the registration of h. The kernel has no poll of h. The caller holds mu.
func (q *Queue) register(h sys.Handle, r queue.Registration) error {
	s := &q.slots[h]
	s.token, s.armed, s.mode = r.Token, r.Interest, r.Mode
	s.state = s.state&listed | used
	if r.Exclusive {
		s.state |= exclusive
	}
	q.list(h)
	switch {
	case q.nested:
		return q.settle()
	case q.polling:
		// The thread in Wait submits the poll, not this one. The kernel would complete the poll in
		// this thread from then on, and this thread may be busy at that time.
		return q.signal()
	}
	return nil // the next Wait submits it before it blocks
}

// list adds h to the list of slots to be polled, once. The caller holds mu.
func (q *Queue) list(h sys.Handle) {
	s := &q.slots[h]
	if s.is(listed) {
		return
	}
	s.state |= listed
	s.next = none
	if q.last == none {
		q.first = int32(h)
	} else {
		q.slots[q.last].next = int32(h)
	}
	q.last = int32(h)
}

// none ends the list.
const none = int32(-1)

// dataOf returns the user data of a poll.
func dataOf(h sys.Handle, generation uint32) uint64 {
	return uint64(h)&math.MaxUint32 | uint64(generation)<<32
}

// Marks take the place of the handle in submissions other than polls of a registration. No handle
// has these numbers.
const (
	wakeMark   = sys.Handle(math.MaxUint32)     // the waker
	cancelMark = sys.Handle(math.MaxUint32 - 1) // a cancellation, whose result is ignored
)

// wakeData returns the user data of the poll of the waker, or of the submission that wakes.
func wakeData(generation uint32) uint64 { return dataOf(wakeMark, generation) }

// cancelData is the user data of a cancellation.
const cancelData = uint64(cancelMark)
