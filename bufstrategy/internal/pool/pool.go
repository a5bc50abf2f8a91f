// Package pool keeps free memory for buffers, and for programs that use no buffer. Package memory
// documents it for users. The strategies take blocks here.
package pool

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
)

// ErrExhausted reports that shared memory has reached its bound, as memory.ErrExhausted describes.
var ErrExhausted = errors.New("memory: shared memory exhausted")

// Pool hands out blocks of memory and keeps some returned ones for reuse, as memory.Pool describes.
type Pool struct {
	limit, keep int
	budget      *budget.Budget
	guards      *guards       // nil except in the debug mode
	outside     *offHeap      // nil unless the memory is not Go's
	pressure    atomic.Uint32 // number of refusals; a Magazine that sees it change gives back what it holds

	mu     sync.Mutex // guards all below, and keep; not held while memory is allocated or dropped
	out    int        // bytes of the blocks that are elsewhere: in use, or in a Magazine
	outMax int
	kept   int
	cached int // of out, as last reported by the Magazines
	closed bool
	counts poolCounts
	free   [bits.UintSize]bin // indexed by the logarithm of the size

	loans     *Block // headers for lent blocks
	loansKept int
}

// Options configures a Pool, as memory.PoolOptions describes.
type Options struct {
	Limit, Keep    int
	Budget         *budget.Budget
	OffHeap, Guard bool
	Report         func(*Misuse) // never nil with Guard
}

// New returns a Pool. It allocates no block memory yet.
func New(o Options) (*Pool, error) {
	if o.Limit < MinBlock || o.Keep < 0 || o.Keep > o.Limit {
		return nil, fmt.Errorf("memory: pool: want limit >= %d and 0 <= keep <= limit, got limit %d, keep %d", MinBlock, o.Limit, o.Keep)
	}
	p := &Pool{limit: o.Limit, keep: o.Keep, budget: o.Budget}
	if o.OffHeap {
		if !offHeapAvailable || o.Guard {
			return nil, fmt.Errorf("memory: pool: OffHeap on this system, with Guard %t: %w", o.Guard, errors.ErrUnsupported)
		}
		p.outside = newOffHeap(o.Limit)
	}
	if o.Guard {
		p.guards = &guards{report: o.Report}
	}
	return p, nil
}

// Take returns memory of n bytes, as memory.Pool.Take describes.
func (p *Pool) Take(n int) (Handle, error) {
	checkTake(n)
	b, _ := p.TakeBlock(n, 0)
	if b == nil {
		return Handle{}, p.why()
	}
	return p.lentAs(b, n), nil
}

func checkTake(n int) {
	if n < 0 {
		panic(fmt.Sprintf("memory: Take of %d bytes: want 0 or more", n))
	}
}

// tickBatchMax bounds the blocks that a Tick drops before it lets others take the lock.
const tickBatchMax = 64

// Tick drops the blocks that were not needed since the last Tick.
func (p *Pool) Tick() {
	defer p.budget.Settle()
	for class := range p.free {
		p.mu.Lock()
		unused := p.free[class].tick()
		p.mu.Unlock()
		for ; unused > 0; unused -= tickBatchMax {
			p.drop(p.detachSome(class, min(unused, tickBatchMax)))
		}
	}
}

// detachSome removes up to n blocks of one size. The caller drops them.
func (p *Pool) detachSome(class, n int) (idle *Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range min(n, p.free[class].n) {
		idle = p.unkeep(class, idle)
	}
	return idle
}

// Trim drops the memory that the Pool keeps for reuse.
func (p *Pool) Trim() {
	defer p.budget.Settle()
	p.mu.Lock()
	idle := p.detach(0, nil)
	p.mu.Unlock()
	p.drop(idle)
}

// Close ends a Pool, as memory.Pool.Close describes.
func (p *Pool) Close() {
	defer p.budget.Settle()
	p.mu.Lock()
	p.keep, p.closed = 0, true
	p.pressure.Add(1) // Magazines need not hold anything now
	idle := p.detach(0, nil)
	p.mu.Unlock()
	p.drop(idle)
}

// TakeBlock implements Source.
func (p *Pool) TakeBlock(n, held int) (taken *Block, fresh bool) {
	taken, fresh = p.takeSome(n, held, 1, nil)
	if taken != nil {
		p.lend(taken)
	}
	return taken, fresh
}

// PutBlock implements Source.
func (p *Pool) PutBlock(b *Block) {
	if !p.reclaim(b) {
		return
	}
	b.Next = nil
	p.accept(b, nil)
}

// Bound implements Source.
func (p *Pool) Bound() *budget.Budget { return p.budget }

// lend runs before a block has a user.
func (p *Pool) lend(b *Block) {
	if p.guards != nil {
		p.guards.lend(b)
	}
}

// reclaim runs when a block no longer has a user. It reports false if the block already had none.
func (p *Pool) reclaim(b *Block) bool { return p.guards == nil || p.guards.reclaim(b) }

// takeSome returns a list of blocks of one size: up to want kept blocks, or else one fresh block.
// If it returns no list, fresh reports whether the budget refused.
func (p *Pool) takeSome(n, held, want int, c *Magazine) (list *Block, fresh bool) {
	defer p.budget.Settle()
	class, ok := classOf(n)
	if !ok {
		p.refuse()
		return nil, false
	}
	list, idle, from := p.reserve(class, held, want, c)
	p.drop(idle)
	if from != fromNew {
		return list, from == overBudget
	}
	b := p.fresh(class)
	if b == nil {
		p.unreserve(class)
	}
	return b, b != nil
}

// fresh allocates a block, or returns nil if there is no memory. It is the only place where a Pool
// obtains memory. The bytes are already reserved.
func (p *Pool) fresh(class int) *Block {
	switch {
	case p.guards != nil:
		return p.guards.block(1 << class)
	case p.outside != nil:
		return p.outside.block(class)
	}
	return &Block{Buf: make([]byte, 1<<class)}
}

// drop leaves the blocks of a list to the collector or the system. It is the only place where a
// Pool gives up memory. The bytes are no longer accounted as in use or kept.
func (p *Pool) drop(b *Block) {
	for b != nil {
		next := b.Next
		b.Next = nil // a pointer to one block must not keep the others alive
		if p.guards != nil {
			p.guards.tell(p.guards.check(b))
		}
		if p.outside != nil {
			p.outside.drop(b)
		}
		b = next
	}
}

func (p *Pool) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.refused++
}

// provenance is the source of a block, or the reason for a refusal.
type provenance uint8

const (
	fromKept provenance = iota
	fromNew
	overLimit
	overBudget
)

// reserve accounts for up to want kept blocks and returns them in a list. If there are none, it
// accounts for one fresh block and makes room for it. The blocks evicted for that are in a second
// list, which the caller must always drop. held is the number of bytes that the user of the block
// already holds. c is the requesting Magazine, or nil.
func (p *Pool) reserve(class, held, want int, c *Magazine) (kept, idle *Block, from provenance) {
	size := 1 << class
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear(c)
	for range want {
		b := p.free[class].pop()
		if b == nil {
			break
		}
		b.Next, kept = kept, b
		p.kept -= size
		p.out += size
	}
	switch {
	case kept != nil:
		p.counts.hits++
	case size > p.limit-p.out || p.closed:
		p.refuseLocked(size)
		return nil, nil, overLimit
	default:
		from = fromNew
		idle = p.detach(p.limit-p.out-size, nil)
		if !p.budget.Take(held, size) {
			idle = p.detach(0, idle) // the kept blocks are of no use: none has the wanted size
			if !p.budget.Reserve(held, size) {
				p.refuseLocked(size)
				return nil, idle, overBudget
			}
		}
		p.out += size
	}
	p.counts.takes++
	p.outMax = max(p.outMax, p.out)
	return kept, idle, from
}

// refuseLocked counts a refusal of size bytes, and asks the Magazines to give up what they hold.
// The lock is held.
func (p *Pool) refuseLocked(size int) {
	p.counts.refused++
	if size <= p.limit {
		p.pressure.Add(1) // Magazines cannot help with more than the limit
	}
}

// unreserve undoes reserve for a block that could not be allocated.
func (p *Pool) unreserve(class int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out -= 1 << class
	p.budget.Release(1 << class)
	p.counts.takes--
	p.counts.refused++
}

// hear adds what c has counted since its last report. The lock is held.
func (p *Pool) hear(c *Magazine) {
	if c == nil {
		return
	}
	p.cached += c.held - c.told
	p.counts.takes += c.hits
	p.counts.hits += c.hits
	c.told, c.hits = c.held, 0
}

// accept takes back the blocks of a list. c is the Magazine that returns them, or nil.
func (p *Pool) accept(list *Block, c *Magazine) {
	defer p.budget.Settle()
	p.drop(p.keepSome(list, c))
}

// keepSome keeps the blocks of a list that the bounds allow, and returns the others.
func (p *Pool) keepSome(list *Block, c *Magazine) (idle *Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear(c)
	for list != nil {
		b := list
		list = b.Next
		size := len(b.Buf)
		b.R, b.W = 0, 0
		p.out -= size
		if size > p.keep-p.kept || p.budget.Wanted() {
			p.budget.Release(size)
			b.Next, idle = idle, b
			p.counts.dropped++
			continue
		}
		p.free[b.class()].push(b)
		p.kept += size
	}
	return idle
}

// detach removes blocks, the largest first, until at most n bytes are kept, and prepends them to
// the list idle. The lock is held. The caller drops the blocks after it unlocks.
func (p *Pool) detach(n int, idle *Block) *Block {
	for class := len(p.free) - 1; class >= 0 && p.kept > n; class-- {
		for p.kept > n && p.free[class].n > 0 {
			idle = p.unkeep(class, idle)
		}
	}
	return idle
}

// unkeep moves a kept block to the front of a list. The lock is held.
func (p *Pool) unkeep(class int, list *Block) *Block {
	b := p.free[class].pop()
	b.Next = list
	p.kept -= len(b.Buf)
	p.counts.dropped++
	p.budget.Release(len(b.Buf))
	return b
}
