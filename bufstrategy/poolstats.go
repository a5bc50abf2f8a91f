package bufstrategy

// PoolStats is what a Pool counts. It is a plain struct, so that expvar.Func can publish it. Hits of Takes is the rate
// at which memory is reused.
type PoolStats struct {
	// In bytes of blocks, now.
	Lent int // Lent is what buffers and Blocks hold.
	Kept int // Kept is what the Pool holds for reuse.

	LentMax int // LentMax is the most bytes that Lent has been.

	// Since the Pool was made.
	Takes   uint64 // Takes counts the blocks that were lent.
	Hits    uint64 // Hits counts those of them that had been kept.
	Refused uint64 // Refused counts how often memory was asked for at the bound.
	Dropped uint64 // Dropped counts the blocks that were left to the collector.
}

// poolCounts is what only grows.
type poolCounts struct {
	takes, hits, refused, dropped uint64
}

// Stats returns what the pool has counted, all at one moment.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolStats{
		Lent: p.out, Kept: p.kept, LentMax: p.outMax,
		Takes: p.counts.takes, Hits: p.counts.hits, Refused: p.counts.refused, Dropped: p.counts.dropped,
	}
}
