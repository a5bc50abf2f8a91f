package bufstrategy

import (
	"fmt"
	"math/bits"
)

// magazineBatchMax is how many blocks go from a Pool to a Magazine, or back, at once: the lock is
// taken once for so many.
const magazineBatchMax = 32

// Magazine holds blocks of a Pool for one goroutine, or one loop, and lends them and takes them
// back without a lock. It is not safe for concurrent use. A block that came from one Magazine may
// be returned to another, or to the Pool.
//
// A Magazine that has no block of a size takes up to 32 that the Pool has kept, of no more bytes
// than half of what it has room for, and else one fresh one. When it would hold more than it may,
// it gives up to 32 of one size back at once.
//
// What a Magazine holds counts against the Limit of the Pool. When the Pool refuses memory, to
// anybody, or somebody waits for its budget, every Magazine on it gives back all it holds the next
// time that a block is returned to it, at its next Tick, or its next Trim. No more is promised:
// what is held by a Magazine of a loop that does none of these stays there, so a loop should call
// Tick by a timer. The one that was refused is not told; it has to try again.
//
// A Magazine that is dropped without Close has lost what it holds to the Pool for good.
type Magazine struct {
	pool  *Pool
	limit int
	held  int
	told  int    // of held, to the Pool
	hits  uint64 // takes served from here, not yet told
	seen  uint32 // the pressure on the Pool that was answered
	free  [bits.UintSize]bin
}

// NewMagazine makes a Magazine on p that holds at most size bytes for reuse: 0 < size <= Limit of
// the Pool.
func (p *Pool) NewMagazine(size int) (*Magazine, error) {
	if size <= 0 || size > p.limit {
		return nil, fmt.Errorf("bufstrategy: cache: want 0 < size <= %d, the limit of the pool, got %d", p.limit, size)
	}
	return &Magazine{pool: p, limit: size, seen: p.pressure.Load()}, nil
}

// Take is Pool.Take, without a lock where the Magazine holds a block of the size.
func (c *Magazine) Take(n int) (Block, error) {
	checkTake(n)
	b, _ := c.take(n, 0)
	if b == nil {
		return Block{}, c.pool.why()
	}
	return c.pool.lentAs(b, n), nil
}

// Put is Release of b into the Magazine. It panics when b is of another Pool, and does what Release
// does when b was released. Block.Release gives to the Pool.
func (c *Magazine) Put(b Block) {
	if b.of == nil {
		return
	}
	if b.pool != c.pool {
		panic("bufstrategy: Put of a Block of another Pool")
	}
	if b.end() {
		c.put(b.of)
	}
}

// NewScratch is NewScratch of the Magazine's Pool, whose buffers keep their left-overs in memory of
// the Magazine. The Scratch belongs to the goroutine of the Magazine.
func (c *Magazine) NewScratch(size int) (*Scratch, error) {
	s, err := NewScratch(size, c.pool)
	if err != nil {
		return nil, err
	}
	s.pool = c
	return s, nil
}

// Tick gives those blocks back to the Pool that were not needed since the last Tick: of each size
// as many as there were at least, all the time. See Pool.Tick.
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
	c.pool.accept(nil, c) // what has been counted
}

// Trim gives all that the Magazine holds back to the Pool.
func (c *Magazine) Trim() {
	c.seen = c.pool.pressure.Load()
	for c.held > 0 {
		c.giveBack(c.fattest(), magazineBatchMax)
	}
	c.pool.accept(nil, c) // what has been counted
}

// Close gives all that the Magazine holds back to the Pool, and makes it pass on whatever is
// returned to it from then on, so that the buffers on it may live longer.
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
		// Half of them, so that one which goes to and fro at the bound does not take the lock each
		// time.
		class := c.fattest()
		c.giveBack(class, (c.free[class].n+1)/2)
	}
}

// pressed says that others want what the Magazine holds.
func (c *Magazine) pressed() bool {
	return c.seen != c.pool.pressure.Load() || c.pool.budget.wanted()
}

func (c *Magazine) push(b *block) {
	c.free[b.class()].push(b)
	c.held += len(b.buf)
}

// fattest is the size of which the Magazine holds most bytes.
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

// memory is where a Chain gets its segments from.
func (o Options) memory() (*Pool, memory, error) {
	switch {
	case o.Magazine == nil:
		return o.Pool, o.Pool, nil
	case o.Pool != nil && o.Pool != o.Magazine.pool:
		return nil, nil, fmt.Errorf("bufstrategy: Options.Magazine is on another Pool than Options.Pool")
	}
	return o.Magazine.pool, o.Magazine, nil
}
