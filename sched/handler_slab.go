package sched

import (
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
)

// slab holds the loop's records of its handlers, in pages that do not move. The part without
// pointers is separate, so that the garbage collector reads only two words per waiting handler. A
// slot is reused after its handler has ended. Pages are kept.
//
// The loop owns the slab. Any goroutine may hold its tokens, so a token changes only with the
// inbox's lock held, besides the loop's. A step, which has no lock, may look pages up.
type slab struct {
	pages atomic.Pointer[[]*handlerPage]
	free  []uint32 // indices of free slots
}

const (
	handlerPageBits = 6
	handlersPerPage = 1 << handlerPageBits
	tokenIndexBits  = 32

	// tokenHandler marks the index of a handler's slot, so that a token shows its kind.
	tokenHandler = 1 << (tokenIndexBits - 1)
)

type handlerPage struct {
	slots    [handlersPerPage]handlerSlot
	handlers [handlersPerPage]Handler
	timers   *[handlersPerPage]handlerTimer // created by the first Next.Within
}

// handlerTimer notifies a handler that its time has passed.
type handlerTimer struct {
	timer
	loop *Loop
	slot *handlerSlot
}

func (t *handlerTimer) expired() { t.slot.expired(t.loop) }

// put takes a slot for h. It is called with the lock of the inbox held.
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
	// The slots with the lowest indices are used first.
	for i := range uint32(handlersPerPage) {
		s.free = append(s.free, first+handlersPerPage-1-i)
	}
	pages = append(pages, page)
	s.pages.Store(&pages)
}

// drop frees a slot. It is called with the lock of the inbox held.
func (s *slab) drop(slot *handlerSlot) {
	i := slot.index()
	s.page(i).handlers[i%handlersPerPage] = nil
	slot.token += 1 << tokenIndexBits
	slot.listed = false
	s.free = append(s.free, i)
}

func (s *slab) page(i uint32) *handlerPage { return (*s.pages.Load())[i>>handlerPageBits] }

// slot returns the slot of t, whichever handler has it now. t must be the token of a handler of
// this loop.
func (s *slab) slot(t queue.Token) *handlerSlot {
	i := uint32(t) &^ tokenHandler
	return &s.page(i).slots[i%handlersPerPage]
}

// lookup returns the slot of the handler with token t, or nil if that handler has ended.
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
