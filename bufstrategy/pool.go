package bufstrategy

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Pool hands out blocks of memory to any number of buffers, and to programs that use no buffer. It
// keeps some returned blocks for reuse. Both have a bound. Block sizes are powers of two of at
// least 256 bytes, so up to half of a block may be unused.
//
// A Pool is safe for concurrent use. The buffers on it are not: each belongs to one goroutine. A
// block that moves from one user to another passes through the Pool's lock, which orders their
// accesses.
//
// Kept blocks of one size never block requests for another. Where the bound would otherwise refuse
// memory, the Pool drops kept blocks, the largest first.
type Pool struct {
	limit, keep int
	budget      *MemoryBudget
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

	loans     *block // headers for lent blocks
	loansKept int
}

// PoolOptions configures a Pool. Sizes are in bytes.
type PoolOptions struct {
	// Limit bounds the memory that the Pool hands out. The sum of what is handed out, what the Pool
	// keeps and what its Magazines hold never exceeds it. At least 256.
	Limit int

	// Keep bounds the returned memory that the Pool keeps for reuse: 0 <= Keep <= Limit. While a
	// MemoryWaiter waits for the budget, the Pool keeps nothing that is returned.
	Keep int

	// Budget bounds the memory that this Pool has handed out and kept, and that its Magazines hold,
	// together with the memory of others. If Budget is nil, only Limit bounds it. Memory that
	// OffHeap maps beyond that is not counted.
	Budget *MemoryBudget

	// OffHeap takes memory from the system, by mmap or VirtualAlloc, instead of from Go's heap. The
	// garbage collector neither counts nor scans it. On other systems, and together with Guard,
	// NewPoolOf returns an error that wraps errors.ErrUnsupported.
	//
	// Blocks of less than 256 KiB lie in spans of that size, and each span holds blocks of one
	// size. A span goes back to the system when Trim, Tick or a bound drops its last block, so one
	// block in use keeps its span. The mapped memory may therefore exceed what is handed out and
	// kept, but it never exceeds twice Limit plus 2.5 MiB. At that bound memory is refused with
	// ErrExhausted. The objects that describe the blocks of a span are one allocation.
	//
	// The memory belongs to the Pool until Close. A Pool that is dropped without Close leaks its
	// mappings for the life of the process. Code that breaks the rules and uses memory after it has
	// gone back faults, or accesses whatever the system has mapped there since.
	OffHeap bool

	// Guard is a debug mode that reports misuse of memory, with the stacks of the take and of the
	// release. It detects these kinds:
	//   - Bytes before or after a block that were overwritten, when the block comes back.
	//   - A second Release, and Bytes after Release, at once.
	//   - Writes after release, when the memory is handed out again or dropped. The writer may have
	//     kept Bytes of a Block, or a segment or a view of a Chain or a PerLoop. Until then the
	//     memory is filled with the byte Poison.
	//
	// Guard does not detect reads. They return poison.
	//
	// Guard costs microseconds and a pass over the memory whenever a block is handed out or comes
	// back. It also costs one to two KiB per block, which the bounds do not count. Kept blocks are
	// reused in the order in which they came back.
	Guard bool

	// Report receives each misuse that Guard finds. It runs on the goroutine that found the misuse,
	// which need not have caused it, and with no lock held. Overwritten bytes are restored after
	// they were found. If Report is nil, the Pool panics with the *Misuse.
	Report func(*Misuse)
}

// NewPool calls NewPoolOf with these two options.
func NewPool(limit, keep int) (*Pool, error) { return NewPoolOf(PoolOptions{Limit: limit, Keep: keep}) }

// NewPoolOf returns a Pool. It allocates no block memory yet.
func NewPoolOf(o PoolOptions) (*Pool, error) {
	if o.Limit < blockMin || o.Keep < 0 || o.Keep > o.Limit {
		return nil, fmt.Errorf("bufstrategy: pool: want limit >= %d and 0 <= keep <= limit, got limit %d, keep %d", blockMin, o.Limit, o.Keep)
	}
	p := &Pool{limit: o.Limit, keep: o.Keep, budget: o.Budget}
	if o.OffHeap {
		if !offHeapAvailable || o.Guard {
			return nil, fmt.Errorf("bufstrategy: pool: OffHeap on this system, with Guard %t: %w", o.Guard, errors.ErrUnsupported)
		}
		p.outside = newOffHeap(o.Limit)
	}
	if o.Guard {
		p.guards = &guards{report: o.Report}
	}
	return p, nil
}

// Take returns a block of at least n bytes, which are not cleared. It allocates nothing if the Pool
// has kept a block of that size.
//
// At the bound Take returns ErrExhausted. Retry after memory has been returned. Take panics if n is
// negative.
func (p *Pool) Take(n int) (Block, error) {
	checkTake(n)
	b, _ := p.take(n, 0)
	if b == nil {
		return Block{}, p.why()
	}
	return p.lentAs(b, n), nil
}

func checkTake(n int) {
	if n < 0 {
		panic(fmt.Sprintf("bufstrategy: Take of %d bytes: want 0 or more", n))
	}
}

// tickBatchMax bounds the blocks that a Tick drops before it lets others take the lock.
const tickBatchMax = 64

// Tick drops the blocks that were not needed since the last Tick: for each size, the smallest
// number that was kept at any time in between. It is meant for a timer. An idle Pool keeps nothing
// after two calls, even after a burst. A busy Pool keeps what it uses between two calls. The Pool
// has no clock. The caller chooses the interval, which should exceed the pauses of the traffic:
// some seconds.
//
// If there are Magazines, each loop calls Magazine.Tick on its timer, and one of them also calls
// Pool.Tick. An idle program then holds nothing after two of the former and three of the latter, in
// turns.
func (p *Pool) Tick() {
	defer p.budget.settle()
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
func (p *Pool) detachSome(class, n int) (idle *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range min(n, p.free[class].n) {
		idle = p.unkeep(class, idle)
	}
	return idle
}

// Trim drops the memory that the Pool keeps for reuse.
func (p *Pool) Trim() {
	defer p.budget.settle()
	p.mu.Lock()
	idle := p.detach(0, nil)
	p.mu.Unlock()
	p.drop(idle)
}

// Close ends a Pool, which then keeps nothing and hands out nothing. Blocks in use stay valid, and
// each is dropped when it comes back. Blocks in Magazines come back by Magazine.Close. With
// PoolOptions.OffHeap, all memory has gone back to the system once the last block is back.
func (p *Pool) Close() {
	defer p.budget.settle()
	p.mu.Lock()
	p.keep, p.closed = 0, true
	p.pressure.Add(1) // Magazines need not hold anything now
	idle := p.detach(0, nil)
	p.mu.Unlock()
	p.drop(idle)
}

func (p *Pool) take(n, held int) (taken *block, fresh bool) {
	taken, fresh = p.takeSome(n, held, 1, nil)
	if taken != nil {
		p.lend(taken)
	}
	return taken, fresh
}

func (p *Pool) put(b *block) {
	if !p.reclaim(b) {
		return
	}
	b.next = nil
	p.accept(b, nil)
}

func (p *Pool) bound() *MemoryBudget { return p.budget }

// lend runs before a block has a user.
func (p *Pool) lend(b *block) {
	if p.guards != nil {
		p.guards.lend(b)
	}
}

// reclaim runs when a block no longer has a user. It reports false if the block already had none.
func (p *Pool) reclaim(b *block) bool { return p.guards == nil || p.guards.reclaim(b) }

// takeSome returns a list of blocks of one size: up to want kept blocks, or else one fresh block.
// If it returns no list, fresh reports whether the budget refused.
func (p *Pool) takeSome(n, held, want int, c *Magazine) (list *block, fresh bool) {
	defer p.budget.settle()
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
func (p *Pool) fresh(class int) *block {
	switch {
	case p.guards != nil:
		return p.guards.block(1 << class)
	case p.outside != nil:
		return p.outside.block(class)
	}
	return &block{buf: make([]byte, 1<<class)}
}

// drop leaves the blocks of a list to the collector or the system. It is the only place where a
// Pool gives up memory. The bytes are no longer accounted as in use or kept.
func (p *Pool) drop(b *block) {
	for b != nil {
		next := b.next
		b.next = nil // a pointer to one block must not keep the others alive
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
func (p *Pool) reserve(class, held, want int, c *Magazine) (kept, idle *block, from provenance) {
	size := 1 << class
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear(c)
	for range want {
		b := p.free[class].pop()
		if b == nil {
			break
		}
		b.next, kept = kept, b
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
		if !p.budget.take(held, size) {
			idle = p.detach(0, idle) // the kept blocks are of no use: none has the wanted size
			if !p.budget.reserve(held, size) {
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
	p.budget.release(1 << class)
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
func (p *Pool) accept(list *block, c *Magazine) {
	defer p.budget.settle()
	p.drop(p.keepSome(list, c))
}

// keepSome keeps the blocks of a list that the bounds allow, and returns the others.
func (p *Pool) keepSome(list *block, c *Magazine) (idle *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear(c)
	for list != nil {
		b := list
		list = b.next
		size := len(b.buf)
		b.r, b.w = 0, 0
		p.out -= size
		if size > p.keep-p.kept || p.budget.wanted() {
			p.budget.release(size)
			b.next, idle = idle, b
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
func (p *Pool) detach(n int, idle *block) *block {
	for class := len(p.free) - 1; class >= 0 && p.kept > n; class-- {
		for p.kept > n && p.free[class].n > 0 {
			idle = p.unkeep(class, idle)
		}
	}
	return idle
}

// unkeep moves a kept block to the front of a list. The lock is held.
func (p *Pool) unkeep(class int, list *block) *block {
	b := p.free[class].pop()
	b.next = list
	p.kept -= len(b.buf)
	p.counts.dropped++
	p.budget.release(len(b.buf))
	return b
}
