package bufstrategy

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Pool lends blocks of memory to any number of buffers, and to programs that have none, and keeps
// some that were returned, up to two bounds. Blocks are powers of two of at least 256 bytes, so up
// to a half of one may be unused.
//
// A Pool is safe for concurrent use; the buffers on it are not, each belongs to one goroutine. A
// block that leaves one user and comes to another passes through the Pool's lock, which orders
// their uses of it.
//
// What the Pool keeps in one size does not stand in the way of another: it is dropped, the largest
// first, where the bound would refuse memory otherwise.
type Pool struct {
	limit, keep int
	budget      *MemoryBudget
	guards      *guards       // nil but in the debug mode
	outside     *offHeap      // nil but with memory that is not Go\'s
	pressure    atomic.Uint32 // how often memory was refused; Magazines that see it change give back what they hold

	mu     sync.Mutex // guards all below, and keep; memory is made and dropped without it
	out    int        // bytes of the blocks that are not here: lent, or in a Magazine
	outMax int
	kept   int
	cached int // of out, as far as the Magazines have told
	closed bool
	counts poolCounts
	free   [bits.UintSize]bin // by the logarithm of the size

	loans     *block // headers for lent blocks
	loansKept int
}

// PoolOptions configure a Pool. Sizes are in bytes.
type PoolOptions struct {
	// Limit is the most that the Pool lends at once. What it has lent and kept, and what its
	// Magazines hold, never exceeds it together: at least 256.
	Limit int

	// Keep is the most of what was returned that the Pool keeps for reuse: 0 <= Keep <= Limit.
	// While somebody waits for the budget it keeps nothing that is returned.
	Keep int

	// Budget bounds what this Pool has lent and kept, and what its Magazines hold, together with
	// the memory of others. nil means that only Limit does. What OffHeap maps beyond that is not
	// counted.
	Budget *MemoryBudget

	// OffHeap takes memory from the system, by mmap or VirtualAlloc, rather than from Go's heap:
	// the collector neither counts it nor looks at it. Elsewhere NewPoolOf returns an error that
	// wraps errors.ErrUnsupported. It does not go with Guard.
	//
	// Blocks of less than 256 KiB lie in spans of that size, each for one size of block, and a span
	// goes back to the system when the last of its blocks is dropped, by Trim, Tick or the bounds:
	// one block in use keeps its span. So more may be mapped than is lent and kept, but never more
	// than twice Limit and 2.5 MiB; there memory is refused, with ErrExhausted. Of the objects that
	// describe blocks there is one allocation a span.
	//
	// Memory is the Pool's until Close. A Pool that is dropped without has lost what it has mapped
	// to the process for good. Who uses memory after it has gone back, against the rules, faults,
	// or meets what the system has put there since.
	OffHeap bool

	// Guard is a debug mode that finds who misuses memory, with the stacks of those who took it and
	// gave it back. It finds bytes before and behind a block that were overwritten, when the block
	// comes back; a second Release, and Bytes after Release, at once; and what was written after
	// release, by who has kept Bytes of a Block, or a segment or a view of a Chain or a PerLoop,
	// when the memory is lent again or dropped: until then it is overwritten with the byte Poison.
	// Reads are not found; they read poison.
	//
	// It costs microseconds and a pass over the memory each time that a block is lent or comes
	// back, and one to two KiB a block, which the bounds do not count. Blocks that are kept are
	// lent in the order in which they came back.
	Guard bool

	// Report gets each misuse that Guard finds, on the goroutine that came across it, which need
	// not be the one to blame, with no lock held. What was overwritten is mended after it was
	// found. nil means to panic with the *Misuse.
	Report func(*Misuse)
}

// NewPool is NewPoolOf of these two options.
func NewPool(limit, keep int) (*Pool, error) { return NewPoolOf(PoolOptions{Limit: limit, Keep: keep}) }

// NewPoolOf makes a Pool. It makes no memory yet.
func NewPoolOf(o PoolOptions) (*Pool, error) {
	if o.Limit < blockMin || o.Keep < 0 || o.Keep > o.Limit {
		return nil, fmt.Errorf("bufstrategy: pool: want %d <= limit and 0 <= keep <= limit, got %d, %d", blockMin, o.Limit, o.Keep)
	}
	p := &Pool{limit: o.Limit, keep: o.Keep, budget: o.Budget}
	if o.OffHeap {
		if !offHeapAvailable || o.Guard {
			return nil, fmt.Errorf("bufstrategy: pool: memory outside of the heap here, with guard %t: %w", o.Guard, errors.ErrUnsupported)
		}
		p.outside = newOffHeap(o.Limit)
	}
	if o.Guard {
		p.guards = &guards{report: o.Report}
	}
	return p, nil
}

// Take lends at least n bytes, which are not cleared. It allocates nothing while the Pool has kept
// a block of the size.
//
// At the bound the error is ErrExhausted; try again after something was returned. Take panics when
// n is negative.
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
		panic(fmt.Sprintf("bufstrategy: Take of %d bytes", n))
	}
}

// tickBatchMax is how many blocks a Tick drops at most before it lets others take the lock.
const tickBatchMax = 64

// Tick drops those blocks that were not needed since the last Tick: of each size as many as were
// kept at least, all the time. It is meant for a timer: a Pool that is idle keeps nothing after two
// calls, without a trace of the burst before, and a busy one keeps what it uses between two calls.
// There is no clock in it: the interval is the caller's, and is best longer than the pauses of the
// traffic, some seconds.
//
// Where there are Magazines, each loop calls Magazine.Tick by its timer, and any of them Pool.Tick:
// all is idle after two of the first and three of the second, in turns.
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

// detachSome removes up to n blocks of a size; the caller drops them.
func (p *Pool) detachSome(class, n int) (idle *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range min(n, p.free[class].n) {
		idle = p.unkeep(class, idle)
	}
	return idle
}

// Trim drops what the pool keeps for reuse.
func (p *Pool) Trim() {
	defer p.budget.settle()
	p.mu.Lock()
	idle := p.detach(0, nil)
	p.mu.Unlock()
	p.drop(idle)
}

// Close ends a Pool: it keeps nothing from then on, and lends nothing. Blocks that are lent stay
// valid, and each is dropped when it comes back; those in Magazines come back by Magazine.Close.
// With PoolOptions.OffHeap all memory has gone back to the system when the last has.
func (p *Pool) Close() {
	defer p.budget.settle()
	p.mu.Lock()
	p.keep, p.closed = 0, true
	p.pressure.Add(1) // Magazines need not hold anything any more
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

// lend comes before a block is anybody's.
func (p *Pool) lend(b *block) {
	if p.guards != nil {
		p.guards.lend(b)
	}
}

// reclaim comes when a block is nobody's any more. It reports false for one that was nobody's
// before.
func (p *Pool) reclaim(b *block) bool { return p.guards == nil || p.guards.reclaim(b) }

// takeSome lends a list of blocks of the same size: as many as were kept, up to want, or else a
// fresh one. Without a list fresh says that it was the budget which refused.
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

// fresh makes a block. It is the only place where a Pool gets memory; the bytes are reserved
// already. It returns nil when there is none.
func (p *Pool) fresh(class int) *block {
	switch {
	case p.guards != nil:
		return p.guards.block(1 << class)
	case p.outside != nil:
		return p.outside.block(class)
	}
	return &block{buf: make([]byte, 1<<class)}
}

// drop leaves the blocks of a list to the collector, or to the system. It is the only place where a
// Pool loses memory; the bytes are neither lent nor kept any more.
func (p *Pool) drop(b *block) {
	for b != nil {
		next := b.next
		b.next = nil // what still points to one block must not keep alive the others
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

// provenance is where a block is to come from, or why there is none.
type provenance uint8

const (
	fromKept provenance = iota
	fromNew
	overLimit
	overBudget
)

// reserve accounts for up to want blocks that were kept and returns the list of them. If there is
// none it accounts for one, and makes room for it by the blocks of a second list, which the caller
// has to drop in any case. held is what the user of the block holds already; c is the Magazine that
// asks, if one does.
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
			idle = p.detach(0, idle) // what is kept is of no use where it is not the size that is wanted
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

// refuseLocked counts that size bytes were refused, and asks the Magazines to give up what they
// hold. The lock is held.
func (p *Pool) refuseLocked(size int) {
	p.counts.refused++
	if size <= p.limit {
		p.pressure.Add(1) // more than the limit no Magazine can bring about
	}
}

// unreserve takes back that a block was lent: there was no memory for it.
func (p *Pool) unreserve(class int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out -= 1 << class
	p.budget.release(1 << class)
	p.counts.takes--
	p.counts.refused++
}

// hear adds what c has counted since the last time. The lock is held.
func (p *Pool) hear(c *Magazine) {
	if c == nil {
		return
	}
	p.cached += c.held - c.told
	p.counts.takes += c.hits
	p.counts.hits += c.hits
	c.told, c.hits = c.held, 0
}

// accept takes back the blocks of a list. c is the Magazine that gives them, if one does.
func (p *Pool) accept(list *block, c *Magazine) {
	defer p.budget.settle()
	p.drop(p.keepSome(list, c))
}

// keepSome keeps what it may of the blocks of a list, and returns the others.
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

// detach removes blocks, the largest first, until at most n bytes are kept, and puts them in front
// of the list idle. The lock is held; the caller drops the blocks without it.
func (p *Pool) detach(n int, idle *block) *block {
	for class := len(p.free) - 1; class >= 0 && p.kept > n; class-- {
		for p.kept > n && p.free[class].n > 0 {
			idle = p.unkeep(class, idle)
		}
	}
	return idle
}

// unkeep puts a block that was kept in front of a list. The lock is held.
func (p *Pool) unkeep(class int, list *block) *block {
	b := p.free[class].pop()
	b.next = list
	p.kept -= len(b.buf)
	p.counts.dropped++
	p.budget.release(len(b.buf))
	return b
}
