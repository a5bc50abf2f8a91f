package pool

import (
	"math/bits"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
)

// MinBlock is the size of the smallest block of a Pool, in bytes.
const MinBlock = 256

// Block is memory of a Pool. While in use it is a link of one Chain, the leftovers of one PerLoop,
// or the memory of a Handle. The object stays with its memory while that is kept, so that reuse
// allocates nothing.
type Block struct {
	Buf  []byte
	R, W int // unread: Buf[R:W]
	Next *Block
	life atomic.Uint32 // number of the current Handle, so that old ones are recognized
	loan *loan         // nil for memory of a Pool

	guard *guard // non-nil in the debug mode of the Pool
	span  *span  // non-nil if the memory is not Go's
}

// Unread returns the number of unread bytes.
func (b *Block) Unread() int { return b.W - b.R }

// Borrowed reports whether the memory belongs to a Lender.
func (b *Block) Borrowed() bool { return b.loan != nil }

// classOf returns the logarithm of the smallest block size that holds n bytes. It reports false if
// that size overflows an int.
func classOf(n int) (class int, ok bool) {
	class = bits.Len(uint(max(n, MinBlock) - 1))
	return class, class < bits.UintSize-1
}

// class returns the logarithm of the size of b.
func (b *Block) class() int { return bits.Len(uint(len(b.Buf) - 1)) }

// Source is a source of blocks: a Pool or a Magazine.
type Source interface {
	// TakeBlock returns a block of at least n bytes for a user that holds held bytes, and reports
	// whether the block is fresh. At a bound it returns nil, and fresh reports whether the budget
	// refused.
	TakeBlock(n, held int) (taken *Block, fresh bool)

	// PutBlock takes a block back. The caller must not use it any more.
	PutBlock(b *Block)

	// Bound returns the budget that it shares with others, or nil.
	Bound() *budget.Budget
}

// bin holds the free blocks of one size, last in, first out, because the last one is still warm.
// Blocks of a guarded Pool are first in, first out, which leaves more time for a forbidden write to
// happen.
type bin struct {
	head, tail *Block // meaningless if head is nil
	n          int
	low        int // minimum of n since the last tick
}

func (s *bin) push(b *Block) {
	s.n++
	switch {
	case s.head == nil:
		b.Next, s.head, s.tail = nil, b, b
	case b.guard != nil:
		b.Next = nil
		s.tail.Next, s.tail = b, b
	default:
		b.Next, s.head = s.head, b
	}
}

// pop returns nil if the bin is empty.
func (s *bin) pop() *Block {
	b := s.head
	if b != nil {
		s.head, b.Next = b.Next, nil
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

// Handle is memory for programs that want no buffer, as memory.Block describes. A Block outlives
// its Handles: the number of a life tells them apart.
type Handle struct {
	of   *Block
	pool *Pool
	n    int
	life uint32
}

func (p *Pool) lentAs(b *Block, n int) Handle {
	return Handle{of: b, pool: p, n: n, life: b.life.Load()}
}

// Bytes returns the memory, as memory.Block.Bytes describes.
func (b Handle) Bytes() []byte {
	if b.of == nil {
		return nil
	}
	if b.of.life.Load() != b.life {
		b.pool.stale(UsedAfterRelease, b)
		return nil
	}
	return b.of.Buf[:b.n]
}

// Release gives the memory back, as memory.Block.Release describes.
func (b Handle) Release() {
	if b.of != nil && b.end() {
		b.pool.PutBlock(b.of)
	}
}

// end invalidates every copy of b. It reports false if b is already invalid.
func (b Handle) end() bool {
	// The counter wraps after 2^32 lives. An old Handle that survives that many is mistaken for a
	// new one.
	if !b.of.life.CompareAndSwap(b.life, b.life+1) {
		b.pool.stale(ReleasedTwice, b)
		return false
	}
	return true
}

// stale handles the use of an old Handle.
func (p *Pool) stale(kind Kind, b Handle) {
	if p.guards == nil {
		panic("memory: Block " + kind.String() + ": set PoolOptions.Guard to find where")
	}
	p.guards.stale(kind, b)
}

// LackOf returns the lack of a buffer that held held bytes and asked for n, if its budget refused.
// b and fresh are the results of TakeBlock.
func LackOf(b *Block, fresh bool, held, n int) budget.Lack {
	if b != nil || !fresh {
		return budget.Lack{}
	}
	class, _ := classOf(n)
	return budget.Lack{Held: held, More: 1 << class}
}
