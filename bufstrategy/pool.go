package bufstrategy

import (
	"fmt"
	"math/bits"
	"sync"
)

// Pool lends blocks of memory to any number of buffers, and to programs that have none, and keeps some that were
// returned, up to two bounds. Blocks are powers of two of at least 256 bytes, so up to a half of one may be unused.
//
// A Pool is safe for concurrent use; the buffers on it are not, each belongs to one goroutine. A block that leaves
// one user and comes to another passes through the Pool's lock, which orders their uses of it.
//
// What the Pool keeps in one size does not stand in the way of another: it is dropped, the largest first, where the
// bound would refuse memory otherwise.
type Pool struct {
	limit, keep int

	mu     sync.Mutex // guards all below; memory is made and dropped without it
	out    int        // bytes of the blocks that are not here
	outMax int
	kept   int
	counts poolCounts
	free   [bits.UintSize]bin // by the logarithm of the size
}

// PoolOptions configure a Pool. Sizes are in bytes.
type PoolOptions struct {
	// Limit is the most that the Pool lends at once, and what it has lent and kept together never exceeds it: at least 256.
	Limit int

	// Keep is the most of what was returned that the Pool keeps for reuse: 0 <= Keep <= Limit.
	Keep int
}

// NewPool is NewPoolOf of these two options.
func NewPool(limit, keep int) (*Pool, error) { return NewPoolOf(PoolOptions{Limit: limit, Keep: keep}) }

// NewPoolOf makes a Pool. It makes no memory yet.
func NewPoolOf(o PoolOptions) (*Pool, error) {
	if o.Limit < blockMin || o.Keep < 0 || o.Keep > o.Limit {
		return nil, fmt.Errorf("bufstrategy: pool: want %d <= limit and 0 <= keep <= limit, got %d, %d", blockMin, o.Limit, o.Keep)
	}
	return &Pool{limit: o.Limit, keep: o.Keep}, nil
}

// Take lends at least n bytes, which are not cleared. It allocates nothing while the Pool has kept a block of the size.
//
// At the bound the error is ErrExhausted; try again after something was returned. Take panics when n is negative.
func (p *Pool) Take(n int) (Block, error) {
	checkTake(n)
	b, _ := p.take(n)
	if b == nil {
		return Block{}, ErrExhausted
	}
	return p.lentAs(b, n), nil
}

func checkTake(n int) {
	if n < 0 {
		panic(fmt.Sprintf("bufstrategy: Take of %d bytes", n))
	}
}

// Trim drops what the pool keeps for reuse.
func (p *Pool) Trim() {
	p.mu.Lock()
	idle := p.detach(0)
	p.mu.Unlock()
	p.drop(idle)
}

func (p *Pool) take(n int) (taken *block, fresh bool) {
	class, ok := classOf(n)
	if !ok {
		p.refuse()
		return nil, false
	}
	b, idle, ok := p.reserve(class)
	p.drop(idle)
	if !ok || b != nil {
		return b, false
	}
	return p.fresh(class), true
}

func (p *Pool) put(b *block) {
	b.next = nil
	p.accept(b)
}

// fresh makes a block. It is the only place where a Pool gets memory; the bytes are reserved already.
func (p *Pool) fresh(class int) *block {
	return &block{buf: make([]byte, 1<<class)}
}

// drop leaves the blocks of a list to the collector. It is the only place where a Pool loses memory; the bytes are
// neither lent nor kept any more.
func (p *Pool) drop(b *block) {
	for b != nil {
		next := b.next
		b.next = nil // what still points to one block must not keep alive the others
		b = next
	}
}

func (p *Pool) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.refused++
}

// reserve accounts for a block and returns it if one was kept, or else makes room for it by the blocks of a list that
// the caller has to drop. It reports false at the bound.
func (p *Pool) reserve(class int) (kept, idle *block, ok bool) {
	size := 1 << class
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.free[class].pop()
	switch {
	case b != nil:
		p.kept -= size
		p.counts.hits++
	case size > p.limit-p.out:
		p.counts.refused++
		return nil, nil, false
	default:
		idle = p.detach(p.limit - p.out - size)
	}
	p.counts.takes++
	p.out += size
	p.outMax = max(p.outMax, p.out)
	return b, idle, true
}

// accept takes back the blocks of a list.
func (p *Pool) accept(list *block) { p.drop(p.keepSome(list)) }

// keepSome keeps what it may of the blocks of a list, and returns the others.
func (p *Pool) keepSome(list *block) (idle *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for list != nil {
		b := list
		list = b.next
		size := len(b.buf)
		b.r, b.w = 0, 0
		p.out -= size
		if size > p.keep-p.kept {
			b.next, idle = idle, b
			p.counts.dropped++
			continue
		}
		p.free[b.class()].push(b)
		p.kept += size
	}
	return idle
}

// detach removes blocks, the largest first, until at most n bytes are kept. The lock is held; the caller drops the
// blocks without it.
func (p *Pool) detach(n int) (idle *block) {
	for class := len(p.free) - 1; class >= 0 && p.kept > n; class-- {
		for p.kept > n && p.free[class].n > 0 {
			b := p.free[class].pop()
			b.next, idle = idle, b
			p.kept -= len(b.buf)
			p.counts.dropped++
		}
	}
	return idle
}
