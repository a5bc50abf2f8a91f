package bufstrategy

import "github.com/edgewise-go/edgewise/bufstrategy/internal/pool"

// handoverCopyMax is the size in unread bytes up to which MoveFrom copies a segment instead of
// moving it. Many small messages must not make a chain of nearly empty segments.
const handoverCopyMax = 512

// MoveFrom moves the unread bytes of src, in order, to the end of c without copying: their segments
// change owner. A proxy uses it between its two sides. MoveFrom stops before the segment that would
// exceed Limit of c, and returns the number of bytes moved.
//
// MoveFrom copies two kinds of segment. One is a segment of at most 512 unread bytes, if they fit
// after the last bytes of c. The other is a segment that a View of src has made larger than Limit
// of c, which could never move whole. MoveFrom copies as much of it as c has room for.
//
// A MoveFrom of more than zero bytes counts as one Commit of c and one Discard of src.
//
// MoveFrom panics if src is c, or if the two are not on the same Pool.
func (c *Chain) MoveFrom(src *Chain) int {
	if c == src || c.pool != src.pool {
		panic("bufstrategy: Chain.MoveFrom: want two different Chains on the same Pool")
	}
	c.dropSpare()
	src.dropSpare()
	total := 0
	for src.head != nil {
		n := src.head.Unread()
		if n > c.limit {
			total += c.copyFrom(src)
		}
		if n > c.limit-c.n {
			break
		}
		c.adopt(src, src.unlink())
		c.n += n
		src.n -= n
		total += n
	}
	if total > 0 {
		c.stats.Moved += uint64(total)
		c.stats.Commits++
		src.stats.Discards++
	}
	up, down := c.cross(c.n), src.cross(src.n)
	if up {
		c.tell()
	}
	if down {
		src.tell()
	}
	return total
}

// copyFrom copies from the first segment of src, which exceeds Limit of c, as many bytes as c has
// room and memory for.
func (c *Chain) copyFrom(src *Chain) int {
	total := 0
	for c.n < c.limit {
		h, n := src.head, 0
		for _, s := range c.Space() {
			n += copy(s, h.Buf[h.R+n:h.W])
		}
		c.fill(n, c.offered)
		src.drop(n)
		total += n
		if n == 0 {
			break // no memory
		}
	}
	c.stats.Copied += uint64(total)
	return total
}

// adopt takes over b or copies its bytes.
func (c *Chain) adopt(src *Chain, b *pool.Block) {
	n := b.Unread()
	if l := c.last; l != nil && n <= handoverCopyMax && n <= len(l.Buf)-l.W {
		l.W += copy(l.Buf[l.W:], b.Buf[b.R:b.W])
		c.stats.Copied += uint64(n)
		src.spoil(b.Buf[b.R:b.W])
		src.put(b)
		return
	}
	src.resident(-len(b.Buf))
	c.resident(len(b.Buf))
	if b.Borrowed() {
		src.lent--
		c.lent++
	}
	c.link(b)
}
