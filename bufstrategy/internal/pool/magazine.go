package pool

import (
	"fmt"
	"math/bits"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
)

// magazineBatchMax bounds the blocks that move between a Pool and a Magazine under one lock.
const magazineBatchMax = 32

// Magazine holds blocks of a Pool for one goroutine or one loop, as memory.Magazine describes.
type Magazine struct {
	pool  *Pool
	limit int
	held  int
	told  int    // of held, as reported to the Pool
	hits  uint64 // takes served from here, not yet reported
	seen  uint32 // the pressure on the Pool that was answered
	free  [bits.UintSize]bin
}

// NewMagazine returns a Magazine on p that holds at most size bytes for reuse.
func (p *Pool) NewMagazine(size int) (*Magazine, error) {
	if size <= 0 || size > p.limit {
		return nil, fmt.Errorf("memory: magazine: want a size of 1 to %d, the limit of the pool, got %d", p.limit, size)
	}
	return &Magazine{pool: p, limit: size, seen: p.pressure.Load()}, nil
}

// Take is like Pool.Take, but without a lock if the Magazine holds a block of the size.
func (c *Magazine) Take(n int) (Handle, error) {
	checkTake(n)
	b, _ := c.TakeBlock(n, 0)
	if b == nil {
		return Handle{}, c.pool.why()
	}
	return c.pool.lentAs(b, n), nil
}

// Put releases b into the Magazine.
func (c *Magazine) Put(b Handle) {
	if b.of == nil {
		return
	}
	if b.pool != c.pool {
		panic("memory: Magazine.Put: Block belongs to another Pool")
	}
	if b.end() {
		c.PutBlock(b.of)
	}
}

// Tick gives the blocks that were not needed since the last Tick back to the Pool.
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

// Close gives everything back, and passes returned blocks through from then on.
func (c *Magazine) Close() {
	c.limit = 0
	c.Trim()
}

// Pool returns the Pool of c.
func (c *Magazine) Pool() *Pool { return c.pool }

// Bound implements Source.
func (c *Magazine) Bound() *budget.Budget { return c.pool.budget }

// TakeBlock implements Source.
func (c *Magazine) TakeBlock(n, held int) (taken *Block, fresh bool) {
	class, ok := classOf(n)
	if !ok {
		return c.pool.TakeBlock(n, held)
	}
	if b := c.free[class].pop(); b != nil {
		c.held -= len(b.Buf)
		c.hits++
		c.pool.lend(b)
		return b, false
	}
	return c.refill(n, held, class)
}

func (c *Magazine) refill(n, held, class int) (taken *Block, fresh bool) {
	want := 1
	if c.seen == c.pool.pressure.Load() {
		want += min(magazineBatchMax-1, max(0, c.limit-c.held)/2>>class)
	}
	taken, fresh = c.pool.takeSome(n, held, want, c)
	if taken == nil {
		return nil, fresh
	}
	for b := taken.Next; b != nil; {
		next := b.Next
		c.push(b)
		b = next
	}
	taken.Next = nil
	c.pool.lend(taken)
	return taken, fresh
}

// PutBlock implements Source.
func (c *Magazine) PutBlock(b *Block) {
	if !c.pool.reclaim(b) {
		return
	}
	b.R, b.W = 0, 0
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
	return c.seen != c.pool.pressure.Load() || c.pool.budget.Wanted()
}

func (c *Magazine) push(b *Block) {
	c.free[b.class()].push(b)
	c.held += len(b.Buf)
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
	var list *Block
	for range min(n, c.free[class].n, magazineBatchMax) {
		b := c.free[class].pop()
		c.held -= len(b.Buf)
		b.Next, list = list, b
	}
	c.pool.accept(list, c)
}
