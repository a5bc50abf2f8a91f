package bufstrategy

import (
	"math/bits"
	"sync/atomic"
)

// blockMin is the smallest block of a Pool, in bytes.
const blockMin = 256

// block is memory of a Pool and, while lent, a link of one Chain, the left-overs of one PerLoop, or
// what a Block is a handle of. The object stays with its memory while that is kept, so that lending
// it again allocates nothing.
type block struct {
	buf  []byte
	r, w int // unread: buf[r:w]
	next *block
	life atomic.Uint32 // of the Blocks that it has been, so that an old handle is known as one
	loan *loan         // nil for memory of a Pool

	guard *guard // in the debug mode of the Pool
	span  *span  // of memory that is not Go's
}

func (b *block) unread() int { return b.w - b.r }

// classOf returns the logarithm of the smallest block that holds n bytes; false if no int holds its
// size.
func classOf(n int) (class int, ok bool) {
	class = bits.Len(uint(max(n, blockMin) - 1))
	return class, class < bits.UintSize-1
}

// class is the logarithm of the size of b.
func (b *block) class() int { return bits.Len(uint(len(b.buf) - 1)) }

// memory is where blocks come from and go to: a Pool or a Magazine.
type memory interface {
	// take lends a block of at least n bytes to a user that holds held, and says whether it was
	// made for it. At the bound there is none, and fresh says that it is the bound of the budget.
	take(n, held int) (taken *block, fresh bool)

	// put takes a block back. Nobody may use it any more.
	put(b *block)

	// bound is the budget that it shares with others; nil for none.
	bound() *MemoryBudget
}

// bin holds the free blocks of one size. The last that came is the first to go, while it is warm;
// those of a guarded Pool go in the order in which they came, to have more time to be written when
// they should not.
type bin struct {
	head, tail *block // tail is meaningless without head
	n          int
	low        int // the least that n has been since the last tick
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

// pop returns nil when there is none.
func (s *bin) pop() *block {
	b := s.head
	if b != nil {
		s.head, b.next = b.next, nil
		s.n--
		s.low = min(s.low, s.n)
	}
	return b
}

// tick begins a new interval, and returns how many blocks were not needed in the last one.
func (s *bin) tick() (unused int) {
	unused, s.low = s.low, s.n-s.low
	return unused
}

// Block is memory that a Pool has lent, for programs that want the memory without a buffer. It is a
// small value: a copy of it is the same memory, and the Release of one is that of all.
//
// A Block may be used by one goroutine at a time, and be released by another. The zero Block is no
// memory.
type Block struct {
	of   *block
	pool *Pool
	n    int
	life uint32
}

func (p *Pool) lentAs(b *block, n int) Block { return Block{of: b, pool: p, n: n, life: b.life.Load()} }

// Bytes returns the memory: as many bytes as were asked for, and more up to the capacity, all of
// which may be used. They are not cleared: they hold whatever their last user has left there.
//
// After Release it panics, or, with PoolOptions.Guard, reports UsedAfterRelease and returns nil.
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

// Release gives the memory back to its Pool. Nobody may use it any more, Bytes that were asked for
// before included.
//
// A second Release panics, of whichever copy, also when the memory has been lent to others since.
// With PoolOptions.Guard it reports ReleasedTwice and does nothing else.
func (b Block) Release() {
	if b.of != nil && b.end() {
		b.pool.put(b.of)
	}
}

// end makes every copy of b an old one. It reports false if b is one already.
func (b Block) end() bool {
	// The number of lives begins again after 2^32. An old Block that lies around for that many is
	// taken for a new one.
	if !b.of.life.CompareAndSwap(b.life, b.life+1) {
		b.pool.stale(ReleasedTwice, b)
		return false
	}
	return true
}

// stale is told of the use of an old Block.
func (p *Pool) stale(kind MisuseKind, b Block) {
	if p.guards == nil {
		panic("bufstrategy: Block " + kind.String() + "; PoolOptions.Guard tells where")
	}
	p.guards.stale(kind, b)
}
