package iouring

import (
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of a handle. A poll in the kernel holds its handle and generation.
type slot = table.Slot[extra]

// extra holds the fields of a slot besides the common ones.
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
	watched                     // instance.listeners has the handle
	half                        // the peer's half-close is known; it would complete any poll that does not wait for wake-ups
)

func is(s *slot, b uint8) bool { return s.Flags&b != 0 }

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
