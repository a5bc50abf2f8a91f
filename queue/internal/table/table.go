// Package table keeps the registrations of a queue, in a slab that is indexed by handle. The slab
// has pages, which do not move.
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

// slotsPerPage divides the size of a page among its slots so that the Go runtime rounds nothing up.
const slotsPerPage = 64

// vacantMax bounds the pages that stay although no slot of theirs is in use. Without it, handles
// that come and go could each make a page anew.
const vacantMax = 16

// Table holds the slots of one queue. The zero value is empty. The caller holds the lock of the
// queue in every call.
type Table[X any] struct {
	pages  []page[X]
	len    int
	vacant int // number of pages without a slot in use
	// The first generation of the slots in new pages. It is one that no slot of their handles had
	// before.
	generation uint32
}

type page[X any] struct {
	slots *[slotsPerPage]Slot[X] // nil unless a slot is in use, or was not long ago
	used  int                    // number of slots in use
}

// slot returns the slot of h, or nil if it has no page.
func (t *Table[X]) slot(h sys.Handle) *Slot[X] {
	if h/slotsPerPage >= sys.Handle(len(t.pages)) {
		return nil
	}
	if p := t.pages[h/slotsPerPage].slots; p != nil {
		return &p[h%slotsPerPage]
	}
	return nil
}

// Of returns the slot of h, or nil if h is not registered. The slot is valid until Leave.
func (t *Table[X]) Of(h sys.Handle) *Slot[X] {
	if s := t.slot(h); s != nil && s.Registered() {
		return s
	}
	return nil
}

// Current returns the slot of h if its registration has this generation. It returns nil for a stale
// event, and for any other pair that the kernel should not hold.
func (t *Table[X]) Current(h sys.Handle, generation uint64) *Slot[X] {
	if s := t.slot(h); s != nil && s.Registered() && uint64(s.Generation) == generation {
		return s
	}
	return nil
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
	}
	if s := t.slot(h); s != nil {
		next = *s
	} else {
		next.Generation = t.generation
	}
	next.register(r)
	return next, nil
}

// Put stores the slot of h. The caller has checked that h is open, so RLIMIT_NOFILE bounds the
// table.
func (t *Table[X]) Put(h sys.Handle, s Slot[X]) {
	i := int(h / slotsPerPage)
	for i >= len(t.pages) {
		t.pages = append(t.pages, page[X]{})
	}
	t.len = max(t.len, int(h)+1)
	p := &t.pages[i]
	switch {
	case p.slots == nil:
		p.slots = new([slotsPerPage]Slot[X])
		for i := range p.slots {
			p.slots[i].Generation = t.generation
		}
	case p.used == 0:
		t.vacant--
	}
	if s.state&used == 0 {
		s.state |= used
		p.used++
	}
	p.slots[h%slotsPerPage] = s
}

// Leave frees the slot of h, whose registration has ended. The mechanism needs nothing of it any
// more. The next registration of h has another generation, as with a slot that is kept.
func (t *Table[X]) Leave(h sys.Handle) {
	s := t.slot(h)
	if s == nil || s.state != used {
		return
	}
	s.state = 0
	p := &t.pages[h/slotsPerPage]
	if p.used--; p.used > 0 {
		return
	}
	if t.vacant++; t.vacant > vacantMax {
		t.sweep()
	}
}

// sweep frees the pages without a slot in use.
func (t *Table[X]) sweep() {
	for i := range t.pages {
		p := &t.pages[i]
		if p.slots == nil || p.used > 0 {
			continue
		}
		for j := range p.slots {
			// Generations wrap to zero, so compare their difference.
			if g := p.slots[j].Generation; int32(g-t.generation) >= 0 {
				t.generation = g + 1
			}
		}
		p.slots = nil
	}
	t.vacant = 0
}

// At returns the slot of a handle that is registered, or whose slot was not left since.
func (t *Table[X]) At(h sys.Handle) *Slot[X] { return &t.pages[h/slotsPerPage].slots[h%slotsPerPage] }

// Len returns the highest handle that was ever registered, plus one.
func (t *Table[X]) Len() int { return t.len }

// Used returns the number of slots between Put and Leave.
func (t *Table[X]) Used() (n int) {
	for i := range t.pages {
		n += t.pages[i].used
	}
	return n
}

// Release frees the memory of all slots.
func (t *Table[X]) Release() { *t = Table[X]{} }
