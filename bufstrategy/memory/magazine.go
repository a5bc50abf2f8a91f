package memory

import "github.com/edgewise-go/edgewise/bufstrategy/internal/pool"

// Magazine holds blocks of a Pool for one goroutine or one loop. It hands them out and takes them
// back without a lock. It is not safe for concurrent use. A block that came from one Magazine may
// be returned to another, or to the Pool.
//
// A Magazine that has no block of a size takes up to 32 kept blocks from the Pool. It takes no more
// bytes than half of what it has room for. If the Pool has kept none, it takes one fresh block. A
// Magazine that would exceed its size gives back up to 32 blocks of one size at once.
//
// The blocks in a Magazine count against Limit of the Pool. The Pool asks for them back when it
// refuses memory to any caller, or while a Waiter waits for the budget. Every Magazine on it
// then gives back everything the next time that a block is returned to it, or at its next Tick or
// Trim. There is no further promise: a Magazine whose loop does none of these keeps its blocks, so
// a loop should call Tick on a timer. The refused caller is not notified and must retry.
//
// A Magazine that is dropped without Close takes its blocks from the Pool permanently.
type Magazine pool.Magazine

// NewMagazine returns a Magazine on p that holds at most size bytes for reuse: 0 < size <= Limit of
// the Pool.
func (p *Pool) NewMagazine(size int) (*Magazine, error) {
	c, err := p.impl().NewMagazine(size)
	return (*Magazine)(c), err
}

func (c *Magazine) impl() *pool.Magazine { return (*pool.Magazine)(c) }

// Take is like Pool.Take, but without a lock if the Magazine holds a block of the size.
func (c *Magazine) Take(n int) (Block, error) {
	b, err := c.impl().Take(n)
	return Block(b), err
}

// Put releases b into the Magazine. Put panics if b belongs to another Pool. If b was already
// released, Put does what Release does. Block.Release returns the memory to the Pool instead.
func (c *Magazine) Put(b Block) { c.impl().Put(pool.Handle(b)) }

// Tick gives the blocks that were not needed since the last Tick back to the Pool: for each size,
// the smallest number that was held at any time in between. See Pool.Tick.
func (c *Magazine) Tick() { c.impl().Tick() }

// Trim gives everything that the Magazine holds back to the Pool.
func (c *Magazine) Trim() { c.impl().Trim() }

// Close gives everything that the Magazine holds back to the Pool. From then on it passes returned
// blocks through to the Pool, so the buffers on it may outlive it.
func (c *Magazine) Close() { c.impl().Close() }
