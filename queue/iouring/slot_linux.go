package iouring

import (
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer: a million of
// them cost the collector nothing.
//
// A poll in the kernel holds index and generation. One that was started before a Modify or Delete
// has another generation than the slot, and its completion is dropped: the poll that was started
// after that looks for itself.
type slot struct {
	token      queue.Token
	generation uint32
	next       int32 // in the list of what is to be polled; while a lasting poll is in the kernel, Queue.taken when that was stored
	at         int32 // of the event that was stored last; see Queue.batch
	armed      queue.Interest
	mode       queue.Mode
	state      state
}

// state is a set of bits.
type state uint8

const (
	used      state = 1 << iota // the handle is registered
	exclusive                   // Registration.Exclusive
	listed                      // in the list of what is to be polled, even after the registration has ended
	polled                      // a poll of this generation is in the kernel
	lasting                     // that poll goes on after it has reported
	half                        // the peer's half-close is known and would complete any poll that does not wait for wake-ups
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
		// Only the number of an open handle comes here, so the limit on descriptors bounds the
		// table.
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
			// What ends polls, a Modify's too, is not left for the next Wait: the caller is about
			// to close the handle, and its peer waits for the end.
			err = q.submit()
		}
		return err
	})
}

// WouldBlock implements [queue.Queue]. The kernel knows that the operation would block, so there is
// nothing to do.
func (q *Queue) WouldBlock(h sys.Handle, _ queue.Interest) error {
	if q.gate.Closed() {
		return failed("would block", h, queue.ErrClosed)
	}
	return nil
}

// change runs f, which changes the registration of h, under mu.
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
		return syscall.EINVAL // a ring that polls itself would hold itself open for ever; epoll says the same
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

// register makes r the registration of h, of which no poll is in the kernel. The caller holds mu.
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
		// Whoever waits submits it, not this thread, in which the kernel would complete the poll
		// from then on, and which may be busy with anything when it does.
		return q.signal()
	}
	return nil // the next Wait submits it before it blocks
}

// list puts h among what is to be polled, once. The caller holds mu.
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

// dataOf is what a poll carries.
func dataOf(h sys.Handle, generation uint32) uint64 {
	return uint64(h)&math.MaxUint32 | uint64(generation)<<32
}

// What stands in the place of the handle in requests that are no polls of a registration: no handle
// has these numbers.
const (
	wakeMark   = sys.Handle(math.MaxUint32)     // the waker
	cancelMark = sys.Handle(math.MaxUint32 - 1) // a cancellation, which says nothing of interest
)

// wakeData is what the poll of the waker carries, or the request that wakes.
func wakeData(generation uint32) uint64 { return dataOf(wakeMark, generation) }

// cancelData is what a cancellation carries.
const cancelData = uint64(cancelMark)
