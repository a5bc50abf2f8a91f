package sched

import (
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
)

// slab holds what the loop knows of its handlers, in pages that stay where they are: the part that
// has no pointers apart from the rest, so that the garbage collector reads two words of a handler
// that waits. A slot is used again when its handler has ended; pages are kept.
//
// The loop owns it. Its tokens may be held by anybody, so that they change under the lock of the
// inbox as well; and pages may be looked up by a step, which has no lock.
type slab struct {
	pages atomic.Pointer[[]*handlerPage]
	free  []uint32 // indices of slots
}

const (
	handlerPageBits = 6
	handlersPerPage = 1 << handlerPageBits
	tokenIndexBits  = 32

	// tokenHandler marks the index of a handler's slot: a token tells whose it is.
	tokenHandler = 1 << (tokenIndexBits - 1)
)

type handlerPage struct {
	slots    [handlersPerPage]handlerSlot
	handlers [handlersPerPage]Handler
	timers   *[handlersPerPage]handlerTimer // made by the first Next.Within
}

// handlerTimer tells a handler that its time has passed.
type handlerTimer struct {
	timer
	loop *Loop
	slot *handlerSlot
}

func (t *handlerTimer) expired() { t.slot.expired(t.loop) }

// put takes a slot for h. It is called with the lock of the inbox.
func (s *slab) put(h Handler) *handlerSlot {
	if len(s.free) == 0 {
		s.grow()
	}
	n := len(s.free) - 1
	i := s.free[n]
	s.free = s.free[:n]
	page := s.page(i)
	slot := &page.slots[i%handlersPerPage]
	page.handlers[i%handlersPerPage] = h
	slot.reset()
	return slot
}

func (s *slab) grow() {
	var pages []*handlerPage
	if old := s.pages.Load(); old != nil {
		pages = *old
	}
	page, first := &handlerPage{}, uint32(len(pages)*handlersPerPage)
	for i := range page.slots {
		page.slots[i].token = queue.Token(first+uint32(i)) | tokenHandler
		page.slots[i].state = taskEnded
	}
	// Those with the lowest index are used first.
	for i := range uint32(handlersPerPage) {
		s.free = append(s.free, first+handlersPerPage-1-i)
	}
	pages = append(pages, page)
	s.pages.Store(&pages)
}

// drop frees a slot. It is called with the lock of the inbox.
func (s *slab) drop(slot *handlerSlot) {
	i := slot.index()
	s.page(i).handlers[i%handlersPerPage] = nil
	slot.token += 1 << tokenIndexBits
	slot.listed = false
	s.free = append(s.free, i)
}

func (s *slab) page(i uint32) *handlerPage { return (*s.pages.Load())[i>>handlerPageBits] }

// slot returns the slot of t, whoever has it. t must be the token of a handler of this loop.
func (s *slab) slot(t queue.Token) *handlerSlot {
	i := uint32(t) &^ tokenHandler
	return &s.page(i).slots[i%handlersPerPage]
}

// lookup returns the slot of the handler that t was given to, nil if it has ended.
func (s *slab) lookup(t queue.Token) *handlerSlot {
	i, pages := uint32(t)&^tokenHandler, s.pages.Load()
	if pages == nil || int(i>>handlerPageBits) >= len(*pages) {
		return nil
	}
	if slot := &(*pages)[i>>handlerPageBits].slots[i%handlersPerPage]; slot.token == t {
		return slot
	}
	return nil
}

// each calls f with every handler that has not ended. f may end it.
func (s *slab) each(f func(*handlerSlot)) {
	pages := s.pages.Load()
	if pages == nil {
		return
	}
	for _, page := range *pages {
		for i := range page.slots {
			if slot := &page.slots[i]; slot.state != taskEnded {
				f(slot)
			}
		}
	}
}
