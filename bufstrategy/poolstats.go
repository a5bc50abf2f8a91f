package bufstrategy

// PoolStats is what a Pool counts. It is a plain struct, so that expvar.Func can publish it. Hits
// of Takes is the rate at which memory is reused.
type PoolStats struct {
	// In bytes of blocks, now.
	Lent   int // Lent is what buffers and Blocks hold.
	Kept   int // Kept is what the Pool holds for reuse.
	Cached int // Cached is what Magazines hold for reuse.

	// Mapped is what the Pool has of the system, with PoolOptions.OffHeap: more than Lent, Kept and
	// Cached together by what is free between blocks.
	Mapped int

	MaxLent int // MaxLent is the most bytes that Lent and Cached together have been.

	// Since the Pool was made. Of what a Magazine does by itself nothing is counted before its next
	// word with the Pool.
	Takes   uint64 // Takes counts the blocks that were lent.
	Hits    uint64 // Hits counts those of them that had been kept, by the Pool or by a Magazine.
	Refused uint64 // Refused counts how often memory was asked for at the bound.
	Dropped uint64 // Dropped counts the blocks that were left to the collector, or to the system.
}

// poolCounts is what only grows.
type poolCounts struct {
	takes, hits, refused, dropped uint64
}

// Stats returns what the pool has counted, all at one moment. A Magazine tells what it has done
// when it refills or gives something back, and at Tick, Trim and Close: until then Lent and Cached
// are off by what it has lent or taken back since.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	mapped := 0
	if p.outside != nil {
		p.outside.mu.Lock()
		defer p.outside.mu.Unlock()
		mapped = p.outside.mapped
	}
	return PoolStats{
		Mapped: mapped,
		Lent:   p.out - p.cached, Kept: p.kept, Cached: p.cached, MaxLent: p.outMax,
		Takes: p.counts.takes, Hits: p.counts.hits, Refused: p.counts.refused, Dropped: p.counts.dropped,
	}
}
