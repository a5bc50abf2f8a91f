package pool

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
)

// spanBytes is the amount of memory requested from the system at once, for blocks of one size. Each
// block of at least this size has its own span.
const spanBytes = 256 << 10

// offHeap is memory of a Pool from the system.
type offHeap struct {
	bound int // of mapped

	mu     sync.Mutex // guards all below, and the spans
	mapped int
	err    error                // of the system, at its last request
	room   [bits.UintSize]*span // spans with room for a block, by the logarithm of its size
}

// span is memory from the system, for blocks of one size. One allocation holds the objects of all
// its blocks.
type span struct {
	memory     []byte
	blocks     []Block
	free       *Block
	used       int
	prev, next *span // among the spans with room
}

var errSpans = errors.New("mapped memory is at its bound, and the free part lies between blocks of other sizes")

// newOffHeap bounds the memory from the system by twice the limit, plus one span for each size that
// shares spans. Twice, because free blocks of one size may lie between blocks in use and be of no
// use to other sizes.
func newOffHeap(limit int) *offHeap {
	sizes := bits.Len(uint(spanBytes)) - bits.Len(uint(MinBlock))
	return &offHeap{bound: max(limit, 2*limit+sizes*spanBytes)} // the sum may overflow an int
}

// block returns nil if the system has no memory, or at the bound.
func (h *offHeap) block(class int) *Block {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.room[class]
	if s == nil {
		if s = h.span(class, max(spanBytes, 1<<class)); s == nil {
			return nil
		}
	}
	b := s.free
	s.free, b.Next = b.Next, nil
	s.used++
	if s.free == nil {
		h.unlink(class, s)
	}
	return b
}

// span requests memory from the system and cuts it into blocks. The lock is held, so that two
// goroutines do not request the same memory.
func (h *offHeap) span(class, size int) *span {
	if size > h.bound-h.mapped {
		h.err = errSpans
		return nil
	}
	memory, err := mapPrivate(size)
	if h.err = err; err != nil {
		return nil
	}
	h.mapped += size
	s := &span{memory: memory, blocks: make([]Block, size>>class)}
	for i := range s.blocks {
		at := i << class
		b := &s.blocks[i]
		b.Buf, b.span = memory[at:at+1<<class:at+1<<class], s
		b.Next, s.free = s.free, b
	}
	h.link(class, s)
	return s
}

// drop frees b in its span. The last block returns the span to the system.
func (h *offHeap) drop(b *Block) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, class := b.span, b.class()
	if s.free == nil {
		h.link(class, s)
	}
	b.Next, s.free = s.free, b
	s.used--
	if s.used > 0 {
		return
	}
	h.unlink(class, s)
	h.mapped -= len(s.memory)
	for i := range s.blocks {
		s.blocks[i].Buf = nil // other code, even the collector, may own the address from now on
	}
	unmapPrivate(s.memory)
	s.memory = nil
}

func (h *offHeap) link(class int, s *span) {
	s.prev, s.next = nil, h.room[class]
	if s.next != nil {
		s.next.prev = s
	}
	h.room[class] = s
}

func (h *offHeap) unlink(class int, s *span) {
	if s.prev == nil {
		h.room[class] = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
}

// why returns ErrExhausted, wrapped with the reason why off-heap memory is missing, if that is the
// cause.
func (p *Pool) why() error {
	if p.outside != nil {
		p.outside.mu.Lock()
		defer p.outside.mu.Unlock()
		if p.outside.err != nil {
			return fmt.Errorf("%w: %w", ErrExhausted, p.outside.err)
		}
	}
	return ErrExhausted
}
