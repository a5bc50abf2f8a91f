// Package table keeps the registrations of a queue, in a slab that is indexed by handle.
//
// A registration has a generation, which the kernel holds with each event. An event that a Wait
// took before a Modify or Delete has another generation than the slot: it is stale, and the
// mechanism drops it. After a Modify the kernel checks again, so a newer event carries the
// readiness.
//
// A mechanism declares what it needs per registration besides the common fields as a type X without
// pointers. Methods of slots and tables are small enough for the compiler to inline.
package table

import (
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Table holds the slots of one queue. The zero value is empty. The caller holds the lock of the
// queue in every call.
type Table[X any] struct {
	slots []Slot[X]
}

// Of returns the slot of h, or nil if h is not registered. The slot is valid until the next Put.
func (t *Table[X]) Of(h sys.Handle) *Slot[X] {
	if h >= sys.Handle(len(t.slots)) || !t.slots[h].used {
		return nil
	}
	return &t.slots[h]
}

// Current returns the slot of h if its registration has this generation. It returns nil for a stale
// event, and for any other pair that the kernel should not hold.
func (t *Table[X]) Current(h sys.Handle, generation uint64) *Slot[X] {
	if h >= sys.Handle(len(t.slots)) {
		return nil
	}
	s := &t.slots[h]
	if !s.used || uint64(s.Generation) != generation {
		return nil
	}
	return s
}

// Find returns the slot of h.
//
// Errors: [queue.ErrNotFound].
func (t *Table[X]) Find(h sys.Handle) (*Slot[X], error) {
	if s := t.Of(h); s != nil {
		return s, nil
	}
	return nil, queue.ErrNotFound
}

// Fresh returns the slot of a new registration r of h, which Put stores. Until then the table is
// unchanged.
//
// Errors: [queue.ErrExists], EBADF for a number that no handle has.
func (t *Table[X]) Fresh(h sys.Handle, r queue.Registration) (next Slot[X], err error) {
	switch {
	case h > math.MaxInt32:
		// The kernel would truncate the number to 32 bits and find another handle.
		return next, syscall.EBADF
	case t.Of(h) != nil:
		return next, queue.ErrExists
	case int(h) < len(t.slots):
		next = t.slots[h]
	}
	next.register(r)
	return next, nil
}

// Put stores the slot of h. The caller has checked that h is open, so RLIMIT_NOFILE bounds the
// table.
func (t *Table[X]) Put(h sys.Handle, s Slot[X]) {
	for int(h) >= len(t.slots) {
		t.slots = append(t.slots, Slot[X]{})
	}
	t.slots[h] = s
}

// At returns the slot of a number below Len, registered or not.
func (t *Table[X]) At(h sys.Handle) *Slot[X] { return &t.slots[h] }

// Len returns the number of slots: the highest handle that was ever registered, plus one.
func (t *Table[X]) Len() int { return len(t.slots) }

// Release frees the memory of all slots.
func (t *Table[X]) Release() { t.slots = nil }
