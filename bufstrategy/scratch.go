package bufstrategy

import (
	"fmt"
	"sync/atomic"
)

// Scratch is the one array that all PerLoop buffers of a loop read into, and the Pool for what is
// left over. It belongs to one goroutine, as do all buffers on it; the Pool may be shared with
// other loops.
type Scratch struct {
	pool    memory
	buf     []byte
	owner   *PerLoop // whose unread bytes are buf[r:w]; nil when there are none and no space is out
	r, w    int
	offered int
	lack    lack // of the owner, at its last move
	space   [1][]byte
	unread  [1][]byte
	configs atomic.Pointer[[perLoopConfigsMax]*perLoopConfig] // of the buffers made last, the youngest first
}

// NewScratch makes a Scratch of size bytes, whose buffers keep their left-overs in pool. The array
// is made at once.
func NewScratch(size int, pool *Pool) (*Scratch, error) {
	if size <= 0 || size > MaxLimit || pool == nil {
		return nil, fmt.Errorf("bufstrategy: scratch: want 0 < size <= %d and a pool, got %d", MaxLimit, size)
	}
	return &Scratch{pool: pool, buf: make([]byte, size)}, nil
}

// Size is the bytes of the array.
func (c *Scratch) Size() int { return len(c.buf) }

// Trim moves what is unread in the array to memory of its buffer, so that a loop can sleep, or end,
// with every buffer owning its bytes. It returns ErrExhausted when the pool refuses; then nothing
// has changed.
func (c *Scratch) Trim() error {
	if !c.evict() {
		return ErrExhausted
	}
	return nil
}

// evict makes the array free, by moving the unread bytes of its owner to the pool's memory.
func (c *Scratch) evict() bool {
	s := c.owner
	if s == nil {
		return true
	}
	if n := c.w - c.r; n > 0 {
		b, fresh := c.pool.take(n, 0)
		c.lack = lackOf(b, fresh, 0, n)
		if b == nil {
			return false
		}
		b.w = copy(b.buf, c.buf[c.r:c.w])
		s.copied += uint64(n)
		if fresh {
			count(&s.allocs)
		}
		if s.poison {
			spoil(c.buf[c.r:c.w])
		}
		s.own = b
	}
	c.free()
	s.resident()
	return true
}

// free forgets the owner, which has no unread bytes in the array.
func (c *Scratch) free() {
	c.owner, c.r, c.w, c.offered = nil, 0, 0, 0
}
