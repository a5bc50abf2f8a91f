package bufstrategy

// handoverCopyMax is the most unread bytes that MoveFrom copies rather than hand their segment
// over, so that many small messages do not make a chain of nearly empty segments.
const handoverCopyMax = 512

// MoveFrom takes the unread bytes of src, in order, to the end of c, without copying: their
// segments change owner. It is what a proxy does between the two sides. It stops before the segment
// that would exceed Limit of c, and returns how many bytes it moved.
//
// Two kinds of segment are copied: one with at most 512 unread bytes, where they fit behind the
// last bytes of c, and one that a View of src has made larger than Limit of c, as far as there is
// room, since it could never move whole. A MoveFrom of more than zero bytes counts as one Commit of
// c and one Discard of src.
//
// MoveFrom panics when src is c, or when the two are not on the same Pool.
func (c *Chain) MoveFrom(src *Chain) int {
	if c == src || c.pool != src.pool {
		panic("bufstrategy: MoveFrom needs two Chains on one Pool")
	}
	c.dropSpare()
	src.dropSpare()
	total := 0
	for src.head != nil {
		n := src.head.unread()
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

// copyFrom copies from the first segment of src, which holds more than Limit of c, as much as c has
// room and memory for.
func (c *Chain) copyFrom(src *Chain) int {
	total := 0
	for c.n < c.limit {
		h, n := src.head, 0
		for _, s := range c.Space() {
			n += copy(s, h.buf[h.r+n:h.w])
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

// adopt takes over b, or its bytes.
func (c *Chain) adopt(src *Chain, b *block) {
	n := b.unread()
	if l := c.last; l != nil && n <= handoverCopyMax && n <= len(l.buf)-l.w {
		l.w += copy(l.buf[l.w:], b.buf[b.r:b.w])
		c.stats.Copied += uint64(n)
		src.spoil(b.buf[b.r:b.w])
		src.put(b)
		return
	}
	src.resident(-len(b.buf))
	c.resident(len(b.buf))
	if b.loan != nil {
		src.lent--
		c.lent++
	}
	c.link(b)
}
