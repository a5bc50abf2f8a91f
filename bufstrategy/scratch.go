package bufstrategy

import (
	"fmt"
	"sync/atomic"
)

// Scratch is the array that all PerLoop buffers of a loop read into, and the Pool for their
// leftovers. It belongs to one goroutine, like all buffers on it. The Pool may be shared with other
// loops.
type Scratch struct {
	pool    memory
	buf     []byte
	owner   *PerLoop // has its unread bytes in buf[r:w]; nil without unread bytes and outstanding space
	r, w    int
	offered int
	lack    lack // of the owner, at its last move
	space   [1][]byte
	unread  [1][]byte
	configs atomic.Pointer[[perLoopConfigsMax]*perLoopConfig] // most recent configs, newest first
}

// NewScratch returns a Scratch of size bytes whose buffers keep their leftovers in pool. It
// allocates the array at once.
func NewScratch(size int, pool *Pool) (*Scratch, error) {
	if size <= 0 || size > MaxLimit || pool == nil {
		return nil, fmt.Errorf("bufstrategy: scratch: want a pool and a size of 1 to %d, got size %d", MaxLimit, size)
	}
	return &Scratch{pool: pool, buf: make([]byte, size)}, nil
}

// Size returns the size of the array in bytes.
func (c *Scratch) Size() int { return len(c.buf) }

// Trim moves the unread bytes in the array to memory of their buffer. A loop can then sleep, or
// end, and every buffer owns its bytes. If the pool refuses memory, Trim changes nothing and
// returns ErrExhausted.
func (c *Scratch) Trim() error {
	if !c.evict() {
		return ErrExhausted
	}
	return nil
}

// evict frees the array by moving the unread bytes of its owner to memory of the pool.
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

// free clears the owner, which has no unread bytes in the array.
func (c *Scratch) free() {
	c.owner, c.r, c.w, c.offered = nil, 0, 0, 0
}
