package iouring

import (
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of a handle. A poll in the kernel holds its handle and generation.
type slot = table.Slot[extra]

// extra is what a slot holds besides the common fields.
type extra struct {
	next int32 // next slot in the list of slots to be polled; while a lasting poll is in the kernel, instance.taken when it was stored
	at   int32 // index of the event stored last; see instance.batch
}

// The bits of slot.Flags.
const (
	exclusive uint8 = 1 << iota // Registration.Exclusive
	listed                      // in the list of slots to be polled, even after the registration has ended
	polled                      // a poll of this generation is in the kernel
	lasting                     // that poll continues after it has reported
	half                        // the peer's half-close is known; it would complete any poll that does not wait for wake-ups
)

func is(s *slot, b uint8) bool { return s.Flags&b != 0 }

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		next, err := q.table.Fresh(h, r)
		if err != nil {
			return err
		}
		if err := q.checkHandle(h); err != nil {
			return err
		}
		return q.register(h, next, r)
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		if err := q.checkHandle(h); err != nil {
			return err
		}
		if err := q.withdraw(h, s); err != nil {
			return err
		}
		return q.register(h, s.Renewed(r), r)
	})
}

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		err = q.withdraw(h, s)
		s.End()
		s.Flags &= listed
		if err == nil {
			// Submit cancellations now, including those of a Modify. The caller is about to close
			// the handle, and its peer waits for the end.
			err = q.submit()
		}
		return err
	})
}

func (q *instance) checkHandle(h sys.Handle) error {
	if h == q.ring.Handle() {
		return syscall.EINVAL // a ring that polls itself would hold itself open indefinitely; epoll also returns EINVAL
	}
	return sys.CheckPollable(h)
}

// register makes s the registration r of h. The kernel has no poll of h. The caller holds Mu.
func (q *instance) register(h sys.Handle, s slot, r queue.Registration) error {
	s.Flags &= listed
	if r.Exclusive {
		s.Flags |= exclusive
	}
	q.table.Put(h, s)
	q.list(h)
	if q.Nested {
		return q.settle()
	}
	// The thread in Wait submits the poll, not this one. The kernel would complete the poll in this
	// thread from then on, and this thread may be busy at that time. Without a thread in Wait, the
	// next Wait submits the poll before it blocks.
	return q.Interrupt()
}

// list adds h to the list of slots to be polled, once. The caller holds Mu.
func (q *instance) list(h sys.Handle) {
	s := q.table.At(h)
	if is(s, listed) {
		return
	}
	s.Flags |= listed
	s.Extra.next = none
	if q.last == none {
		q.first = int32(h)
	} else {
		q.table.At(sys.Handle(q.last)).Extra.next = int32(h)
	}
	q.last = int32(h)
}

// none ends the list.
const none = int32(-1)

// Marks take the place of the handle in submissions other than polls of a registration. No handle
// has these numbers.
const (
	wakeMark   = sys.Handle(math.MaxUint32)     // the waker
	cancelMark = sys.Handle(math.MaxUint32 - 1) // a cancellation, whose result is ignored
)

// wakeData returns the user data of the poll of the waker, or of the submission that wakes.
func wakeData(generation uint32) uint64 { return table.Data(wakeMark, generation) }

// cancelData is the user data of a cancellation.
const cancelData = uint64(cancelMark)
