package memory

// PoolStats holds the counters of a Pool. It is a plain struct, so that expvar.Func can publish it.
// Hits divided by Takes is the reuse rate.
type PoolStats struct {
	// Bytes of blocks, now.
	Lent   int // Lent is the bytes that buffers and Blocks hold.
	Kept   int // Kept is the bytes that the Pool holds for reuse.
	Cached int // Cached is the bytes that Magazines hold for reuse.

	// Mapped is the bytes that the Pool has mapped from the system, with PoolOptions.OffHeap. It
	// exceeds Lent, Kept and Cached together by the free memory between blocks.
	Mapped int

	MaxLent int // MaxLent is the highest sum of Lent and Cached.

	// Since the Pool was created. The work of a Magazine is not counted until the Magazine next
	// reports to the Pool.
	Takes   uint64 // Takes counts the blocks that were handed out.
	Hits    uint64 // Hits counts the Takes that reused a block kept by the Pool or by a Magazine.
	Refused uint64 // Refused counts the requests that were refused at a bound.
	Dropped uint64 // Dropped counts the blocks that were left to the collector or to the system.
}

// Stats returns a consistent snapshot of the counters. A Magazine reports its work when it refills,
// when it gives blocks back, and at Tick, Trim and Close. Until then Lent and Cached are off by the
// blocks that it has handed out or taken back since.
func (p *Pool) Stats() PoolStats { return PoolStats(p.impl().Stats()) }
