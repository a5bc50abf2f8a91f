package bufstrategy

import (
	"fmt"
	"math/bits"
	"sync"
)

// blockMin is the smallest block of a Pool, in bytes.
const blockMin = 256

// block is memory of a Pool and, while lent, a link of one Chain or the left-overs of one Shared.
type block struct {
	buf  []byte
	r, w int // unread: buf[r:w]
	next *block
}

func (b *block) unread() int { return b.w - b.r }

// Pool lends blocks of memory to any number of buffers and keeps some that were returned, up to two bounds.
// Blocks are powers of two of at least 256 bytes.
//
// A Pool is safe for concurrent use; the buffers on it are not, each belongs to one goroutine. A block that leaves
// one buffer and comes to another passes through the Pool's lock, which orders their uses of it.
type Pool struct {
	limit, keep int // set by NewPool

	mu      sync.Mutex // guards all below
	lent    int
	kept    int
	lentMax int
	refused uint64
	free    [bits.UintSize]*block // by the logarithm of the size
}

// PoolStats is what a Pool counts, in bytes but for Refused.
type PoolStats struct {
	Lent    int    // Lent is what buffers hold now.
	LentMax int    // LentMax is the most that Lent has been.
	Kept    int    // Kept is what the Pool holds for reuse.
	Refused uint64 // Refused counts how often memory was asked for at the bound.
}

// NewPool makes a Pool that lends at most limit bytes at once, and keeps at most keep returned bytes for reuse.
// What it has lent and kept together never exceeds limit. At the bound buffers get ErrExhausted, or no Space.
func NewPool(limit, keep int) (*Pool, error) {
	if limit < blockMin || keep < 0 || keep > limit {
		return nil, fmt.Errorf("bufstrategy: pool: want %d <= limit and 0 <= keep <= limit, got %d, %d", blockMin, limit, keep)
	}
	return &Pool{limit: limit, keep: keep}, nil
}

// Stats returns what the pool has counted.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolStats{Lent: p.lent, LentMax: p.lentMax, Kept: p.kept, Refused: p.refused}
}

// Trim drops what the pool keeps for reuse.
func (p *Pool) Trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropKept(0)
}

// take lends a block of at least n bytes and says whether it came from the heap; nil at the bound.
func (p *Pool) take(n int) (taken *block, fresh bool) {
	class := bits.Len(uint(max(n, blockMin) - 1))
	size := 1 << class
	b, ok := p.reserve(class, size)
	if !ok || b != nil {
		return b, false
	}
	// Outside the lock, because the memory has to be cleared.
	return &block{buf: make([]byte, size)}, true
}

// reserve accounts for a block and returns it if one was kept. It reports false at the bound.
func (p *Pool) reserve(class, size int) (*block, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.free[class]
	switch {
	case b != nil:
		p.free[class] = b.next
		b.next = nil
		p.kept -= size
	case size > p.limit-p.lent:
		p.refused++
		return nil, false
	default:
		p.dropKept(p.limit - p.lent - size)
	}
	p.lent += size
	p.lentMax = max(p.lentMax, p.lent)
	return b, true
}

// put takes a block back. Nobody may use it any more.
func (p *Pool) put(b *block) {
	b.r, b.w = 0, 0
	size := len(b.buf)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent -= size
	if size > p.keep-p.kept {
		b.next = nil
		return // to the collector
	}
	class := bits.Len(uint(size - 1))
	b.next = p.free[class]
	p.free[class] = b
	p.kept += size
}

// dropKept leaves blocks to the collector, the largest first, until at most n bytes are kept. The lock is held.
func (p *Pool) dropKept(n int) {
	for class := len(p.free) - 1; class >= 0 && p.kept > n; class-- {
		for b := p.free[class]; b != nil && p.kept > n; b = p.free[class] {
			p.free[class] = b.next
			b.next = nil
			p.kept -= len(b.buf)
		}
	}
}
