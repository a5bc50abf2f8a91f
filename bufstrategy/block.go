package bufstrategy

import (
	"math/bits"
	"sync/atomic"
)

// blockMin is the size of the smallest block of a Pool, in bytes.
const blockMin = 256

// block is memory of a Pool. While in use it is a link of one Chain, the leftovers of one PerLoop,
// or the memory behind a Block. The object stays with its memory while that is kept, so that reuse
// allocates nothing.
type block struct {
	buf  []byte
	r, w int // unread: buf[r:w]
	next *block
	life atomic.Uint32 // number of the current Block, so that old handles are recognized
	loan *loan         // nil for memory of a Pool

	guard *guard // non-nil in the debug mode of the Pool
	span  *span  // non-nil if the memory is not Go's
}

func (b *block) unread() int { return b.w - b.r }

// classOf returns the logarithm of the smallest block size that holds n bytes. It reports false if
// that size overflows an int.
func classOf(n int) (class int, ok bool) {
	class = bits.Len(uint(max(n, blockMin) - 1))
	return class, class < bits.UintSize-1
}

// class returns the logarithm of the size of b.
func (b *block) class() int { return bits.Len(uint(len(b.buf) - 1)) }

// memory is a source of blocks: a Pool or a Magazine.
type memory interface {
	// take returns a block of at least n bytes for a user that holds held bytes, and reports
	// whether the block is fresh. At a bound it returns nil, and fresh reports whether the budget
	// refused.
	take(n, held int) (taken *block, fresh bool)

	// put takes a block back. The caller must not use it any more.
	put(b *block)

	// bound returns the budget that it shares with others, or nil.
	bound() *MemoryBudget
}

// bin holds the free blocks of one size, last in, first out, because the last one is still warm.
// Blocks of a guarded Pool are first in, first out, which leaves more time for a forbidden write to
// happen.
type bin struct {
	head, tail *block // meaningless if head is nil
	n          int
	low        int // minimum of n since the last tick
}

func (s *bin) push(b *block) {
	s.n++
	switch {
	case s.head == nil:
		b.next, s.head, s.tail = nil, b, b
	case b.guard != nil:
		b.next = nil
		s.tail.next, s.tail = b, b
	default:
		b.next, s.head = s.head, b
	}
}

// pop returns nil if the bin is empty.
func (s *bin) pop() *block {
	b := s.head
	if b != nil {
		s.head, b.next = b.next, nil
		s.n--
		s.low = min(s.low, s.n)
	}
	return b
}

// tick starts a new interval, and returns how many blocks the last interval did not need.
func (s *bin) tick() (unused int) {
	unused, s.low = s.low, s.n-s.low
	return unused
}

// Block is memory from a Pool, for programs that want memory without a buffer. It is a small value.
// All copies of a Block share the memory, and a Release of one copy releases all.
//
// A Block may be used by one goroutine at a time, and released by another. The zero Block has no
// memory.
type Block struct {
	of   *block
	pool *Pool
	n    int
	life uint32
}

func (p *Pool) lentAs(b *block, n int) Block { return Block{of: b, pool: p, n: n, life: b.life.Load()} }

// Bytes returns the memory: the requested number of bytes, all usable up to the capacity. They are
// not cleared and hold what their last user left there.
//
// After Release, Bytes panics. With PoolOptions.Guard it reports UsedAfterRelease and returns nil
// instead.
func (b Block) Bytes() []byte {
	if b.of == nil {
		return nil
	}
	if b.of.life.Load() != b.life {
		b.pool.stale(UsedAfterRelease, b)
		return nil
	}
	return b.of.buf[:b.n]
}

// Release gives the memory back to its Pool. The caller must not use the memory any more, including
// results of earlier calls of Bytes.
//
// A second Release, through any copy, panics even if the memory is already in use elsewhere. With
// PoolOptions.Guard it reports ReleasedTwice and does nothing else.
func (b Block) Release() {
	if b.of != nil && b.end() {
		b.pool.put(b.of)
	}
}

// end invalidates every copy of b. It reports false if b is already invalid.
func (b Block) end() bool {
	// The counter wraps after 2^32 lives. An old Block that survives that many is mistaken for a
	// new one.
	if !b.of.life.CompareAndSwap(b.life, b.life+1) {
		b.pool.stale(ReleasedTwice, b)
		return false
	}
	return true
}

// stale handles the use of an old Block.
func (p *Pool) stale(kind MisuseKind, b Block) {
	if p.guards == nil {
		panic("bufstrategy: Block " + kind.String() + ": set PoolOptions.Guard to find where")
	}
	p.guards.stale(kind, b)
}
