package pool

// Stats holds the counters of a Pool, as memory.PoolStats describes.
type Stats struct {
	Lent, Kept, Cached, Mapped    int
	MaxLent                       int
	Takes, Hits, Refused, Dropped uint64
}

// poolCounts holds the counters that only grow.
type poolCounts struct {
	takes, hits, refused, dropped uint64
}

// Stats returns a consistent snapshot of the counters.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	mapped := 0
	if p.outside != nil {
		p.outside.mu.Lock()
		defer p.outside.mu.Unlock()
		mapped = p.outside.mapped
	}
	return Stats{
		Mapped: mapped,
		Lent:   p.out - p.cached, Kept: p.kept, Cached: p.cached, MaxLent: p.outMax,
		Takes: p.counts.takes, Hits: p.counts.hits, Refused: p.counts.refused, Dropped: p.counts.dropped,
	}
}
