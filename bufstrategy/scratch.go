package bufstrategy

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/poison"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Scratch is the array that all PerLoop buffers of a loop read into, and the Pool for their
// leftovers. It belongs to one goroutine, like all buffers on it. The Pool may be shared with other
// loops.
type Scratch struct {
	pool    pool.Source
	buf     []byte
	owner   *PerLoop // has its unread bytes in buf[r:w]; nil without unread bytes and outstanding space
	r, w    int
	offered int
	lack    budget.Lack // of the owner, at its last move
	space   [1][]byte
	unread  [1][]byte
	configs atomic.Pointer[[perLoopConfigsMax]*perLoopConfig] // most recent configs, newest first
}

// NewScratch returns a Scratch of size bytes whose buffers keep their leftovers in memory of p. It
// allocates the array at once.
func NewScratch(size int, p *memory.Pool) (*Scratch, error) {
	return newScratch(size, p == nil, (*pool.Pool)(p))
}

// NewMagazineScratch is like NewScratch, but the buffers keep their leftovers in memory of m. The
// Scratch belongs to the goroutine of the Magazine.
func NewMagazineScratch(size int, m *memory.Magazine) (*Scratch, error) {
	return newScratch(size, m == nil, (*pool.Magazine)(m))
}

func newScratch(size int, missing bool, from pool.Source) (*Scratch, error) {
	if missing {
		return nil, errors.New("bufstrategy: scratch: want a pool or a magazine, got nil")
	}
	if size <= 0 || size > MaxLimit {
		return nil, fmt.Errorf("bufstrategy: scratch: size %d: want 1 to %d", size, MaxLimit)
	}
	return &Scratch{pool: from, buf: make([]byte, size)}, nil
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
		b, fresh := c.pool.TakeBlock(n, 0)
		c.lack = pool.LackOf(b, fresh, 0, n)
		if b == nil {
			return false
		}
		b.W = copy(b.Buf, c.buf[c.r:c.w])
		s.copied += uint64(n)
		if fresh {
			count(&s.allocs)
		}
		if s.poison {
			poison.Fill(c.buf[c.r:c.w])
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
