package bufstrategy

import (
	"fmt"
	"math/bits"
)

// magazineBatchMax bounds the blocks that move between a Pool and a Magazine under one lock.
const magazineBatchMax = 32

// Magazine holds blocks of a Pool for one goroutine or one loop. It hands them out and takes them
// back without a lock. It is not safe for concurrent use. A block that came from one Magazine may
// be returned to another, or to the Pool.
//
// A Magazine that has no block of a size takes up to 32 kept blocks from the Pool. It takes no more
// bytes than half of what it has room for. If the Pool has kept none, it takes one fresh block. A
// Magazine that would exceed its size gives back up to 32 blocks of one size at once.
//
// The blocks in a Magazine count against Limit of the Pool. The Pool asks for them back when it
// refuses memory to any caller, or while a MemoryWaiter waits for its budget. Every Magazine on it
// then gives back everything the next time that a block is returned to it, or at its next Tick or
// Trim. There is no further promise: a Magazine whose loop does none of these keeps its blocks, so
// a loop should call Tick on a timer. The refused caller is not notified and must retry.
//
// A Magazine that is dropped without Close takes its blocks from the Pool permanently.
type Magazine struct {
	pool  *Pool
	limit int
	held  int
	told  int    // of held, as reported to the Pool
	hits  uint64 // takes served from here, not yet reported
	seen  uint32 // the pressure on the Pool that was answered
	free  [bits.UintSize]bin
}

// NewMagazine returns a Magazine on p that holds at most size bytes for reuse: 0 < size <= Limit of
// the Pool.
func (p *Pool) NewMagazine(size int) (*Magazine, error) {
	if size <= 0 || size > p.limit {
		return nil, fmt.Errorf("bufstrategy: magazine: want a size of 1 to %d, the limit of the pool, got %d", p.limit, size)
	}
	return &Magazine{pool: p, limit: size, seen: p.pressure.Load()}, nil
}

// Take is like Pool.Take, but without a lock if the Magazine holds a block of the size.
func (c *Magazine) Take(n int) (Block, error) {
	checkTake(n)
	b, _ := c.take(n, 0)
	if b == nil {
		return Block{}, c.pool.why()
	}
	return c.pool.lentAs(b, n), nil
}

// Put releases b into the Magazine. Put panics if b belongs to another Pool. If b was already
// released, Put does what Release does. Block.Release returns the memory to the Pool instead.
func (c *Magazine) Put(b Block) {
	if b.of == nil {
		return
	}
	if b.pool != c.pool {
		panic("bufstrategy: Magazine.Put: Block belongs to another Pool")
	}
	if b.end() {
		c.put(b.of)
	}
}

// NewScratch is like the function NewScratch on the Magazine's Pool, but the buffers keep their
// leftovers in memory of the Magazine. The Scratch belongs to the goroutine of the Magazine.
func (c *Magazine) NewScratch(size int) (*Scratch, error) {
	s, err := NewScratch(size, c.pool)
	if err != nil {
		return nil, err
	}
	s.pool = c
	return s, nil
}

// Tick gives the blocks that were not needed since the last Tick back to the Pool: for each size,
// the smallest number that was held at any time in between. See Pool.Tick.
func (c *Magazine) Tick() {
	if c.pressed() {
		c.Trim()
		return
	}
	for class := range c.free {
		for unused := c.free[class].tick(); unused > 0; unused -= magazineBatchMax {
			c.giveBack(class, unused)
		}
	}
	c.pool.accept(nil, c) // reports the counters
}

// Trim gives everything that the Magazine holds back to the Pool.
func (c *Magazine) Trim() {
	c.seen = c.pool.pressure.Load()
	for c.held > 0 {
		c.giveBack(c.fattest(), magazineBatchMax)
	}
	c.pool.accept(nil, c) // reports the counters
}

// Close gives everything that the Magazine holds back to the Pool. From then on it passes returned
// blocks through to the Pool, so the buffers on it may outlive it.
func (c *Magazine) Close() {
	c.limit = 0
	c.Trim()
}

func (c *Magazine) bound() *MemoryBudget { return c.pool.budget }

func (c *Magazine) take(n, held int) (taken *block, fresh bool) {
	class, ok := classOf(n)
	if !ok {
		return c.pool.take(n, held)
	}
	if b := c.free[class].pop(); b != nil {
		c.held -= len(b.buf)
		c.hits++
		c.pool.lend(b)
		return b, false
	}
	return c.refill(n, held, class)
}

func (c *Magazine) refill(n, held, class int) (taken *block, fresh bool) {
	want := 1
	if c.seen == c.pool.pressure.Load() {
		want += min(magazineBatchMax-1, max(0, c.limit-c.held)/2>>class)
	}
	taken, fresh = c.pool.takeSome(n, held, want, c)
	if taken == nil {
		return nil, fresh
	}
	for b := taken.next; b != nil; {
		next := b.next
		c.push(b)
		b = next
	}
	taken.next = nil
	c.pool.lend(taken)
	return taken, fresh
}

func (c *Magazine) put(b *block) {
	if !c.pool.reclaim(b) {
		return
	}
	b.r, b.w = 0, 0
	c.push(b)
	if c.pressed() {
		c.Trim()
		return
	}
	for c.held > c.limit {
		// Half of them, so that a block that alternates at the bound does not take the lock each
		// time.
		class := c.fattest()
		c.giveBack(class, (c.free[class].n+1)/2)
	}
}

// pressed reports whether other users want what the Magazine holds.
func (c *Magazine) pressed() bool {
	return c.seen != c.pool.pressure.Load() || c.pool.budget.wanted()
}

func (c *Magazine) push(b *block) {
	c.free[b.class()].push(b)
	c.held += len(b.buf)
}

// fattest returns the size class of which the Magazine holds the most bytes.
func (c *Magazine) fattest() (class int) {
	for i := range c.free {
		if c.free[i].n<<i > c.free[class].n<<class {
			class = i
		}
	}
	return class
}

// giveBack gives up to n blocks of a size to the Pool, at most 32.
func (c *Magazine) giveBack(class, n int) {
	var list *block
	for range min(n, c.free[class].n, magazineBatchMax) {
		b := c.free[class].pop()
		c.held -= len(b.buf)
		b.next, list = list, b
	}
	c.pool.accept(list, c)
}

// memory returns the Pool, and the source from which a Chain takes its segments.
func (o Options) memory() (*Pool, memory, error) {
	switch {
	case o.Magazine == nil:
		return o.Pool, o.Pool, nil
	case o.Pool != nil && o.Pool != o.Magazine.pool:
		return nil, nil, fmt.Errorf("bufstrategy: Options.Magazine and Options.Pool: want the same Pool")
	}
	return o.Magazine.pool, o.Magazine, nil
}
