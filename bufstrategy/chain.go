package bufstrategy

import (
	"math"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
)

var _ Buffer = (*Chain)(nil)

// aheadMax bounds the fresh segments that one Space of a Chain offers.
const aheadMax = 4

// Chain is a list of segments from a Pool. It holds none while it is empty and no Space is
// outstanding.
//
// Chain copies nothing on the way in or out, and MoveFrom moves whole segments from one Chain to
// another. Space offers the room in the last segment and one fresh segment. After a Commit of
// everything offered, the next Space offers one more fresh segment, up to four. After any other
// Commit it offers one again.
//
// A View across segments copies. It moves the bytes that follow into the first segment or, if that
// is too small, into a larger block from the Pool. They stay there, so no byte is copied twice.
//
// A Chain holds at most Limit and six segments. Views may raise that to four times Limit and eight
// segments, with Limit rounded up to a power of two. Segments received by MoveFrom may exceed it.
//
// Trim gives back the segments reserved by a Space. The segments that hold bytes stay as they are.
// Resident does not count the memory that the Pool keeps for reuse. A Chain's own pool keeps up to
// four segments until Trim or Release.
type Chain struct {
	account
	pool    *pool.Pool
	memory  pool.Source // the pool, or a Magazine on it
	private bool        // no other buffer uses the pool
	segment int
	n       int         // unread bytes
	lent    int         // segments that belong to a Lender
	head    *pool.Block // first segment with unread bytes
	last    *pool.Block // last segment with unread bytes
	spare   *pool.Block // reserved by a Space and not committed
	ahead   int         // fresh segments to offer
	vec     [][]byte
}

// NewChain returns a Chain. It uses Limit, Segment, Pool, Magazine, High, Low, Watcher and Poison
// of the options, and Budget if it has neither Pool nor Magazine.
func NewChain(o Options) (*Chain, error) {
	o, err := o.checked("chain")
	if err != nil {
		return nil, err
	}
	o.Segment = max(powerOfTwo(o.Segment), pool.MinBlock)
	segments, from, err := o.segments()
	if err != nil {
		return nil, err
	}
	private := segments == nil
	if private {
		// Limit bytes may start and end inside a segment, and a View needs as much again in one
		// block. The sum is 64-bit because it may overflow a 32-bit int.
		bound := 4*int64(max(powerOfTwo(o.Limit), pool.MinBlock)) + 8*int64(o.Segment)
		segments, err = pool.New(pool.Options{
			Limit: int(min(bound, math.MaxInt)), Keep: min(aheadMax, math.MaxInt/o.Segment) * o.Segment, Budget: (*budget.Budget)(o.Budget),
		})
		if err != nil {
			return nil, err
		}
		from = segments
	}
	o.Budget = nil // the pool accounts for memory
	c := &Chain{account: newAccount(o), pool: segments, memory: from, private: private, segment: o.Segment, ahead: 1}
	c.watch(c, o.Watcher)
	return c, nil
}

// Space offers the room in the last segment, then fresh segments.
func (c *Chain) Space() [][]byte {
	c.forget()
	if c.last != nil {
		c.offer(c.last)
	}
	link := &c.spare
	for range c.ahead {
		if c.offered >= c.limit-c.n {
			break
		}
		if *link == nil {
			*link = c.take(c.segment)
		}
		if *link == nil {
			break
		}
		c.offer(*link)
		link = &(*link).Next
	}
	if c.offered == 0 {
		c.stats.Full++
		return nil
	}
	return c.vec
}

// offer appends the room in b to the space, up to the limit.
func (c *Chain) offer(b *pool.Block) {
	n := min(len(b.Buf)-b.W, c.limit-c.n-c.offered)
	if n > 0 {
		c.vec = append(c.vec, b.Buf[b.W:b.W+n:b.W+n])
		c.offered += n
	}
}

func (c *Chain) take(n int) *pool.Block {
	held := c.stats.Resident
	b, fresh := c.memory.TakeBlock(n, held)
	c.lack = pool.LackOf(b, fresh, held, n)
	if b == nil {
		return nil
	}
	if fresh {
		c.stats.Allocs++
	}
	c.resident(len(b.Buf))
	return b
}

func (c *Chain) lacks() (*budget.Budget, budget.Lack) { return c.pool.Bound(), c.lack }

func (c *Chain) put(b *pool.Block) {
	c.resident(-len(b.Buf))
	if b.Borrowed() {
		c.lent--
		c.pool.GiveBack(b)
		return
	}
	c.memory.PutBlock(b)
}

// Commit makes n bytes of the space readable, and gives unused segments back to the pool.
func (c *Chain) Commit(n int) {
	offered := c.offered
	c.claim(n)
	c.fill(n, offered)
	c.level(c.n)
}

// fill is Commit without the counters and the watermarks.
func (c *Chain) fill(n, offered int) {
	if n > 0 && n == offered {
		c.ahead = min(c.ahead+1, aheadMax)
	} else {
		c.ahead = 1
	}
	c.n += n
	if c.last != nil {
		fits := min(n, len(c.last.Buf)-c.last.W)
		c.last.W += fits
		n -= fits
	}
	for n > 0 {
		b := c.spare
		c.spare, b.Next = b.Next, nil
		b.W = min(n, len(b.Buf))
		n -= b.W
		c.link(b)
	}
	c.dropSpare()
}

// link appends b, which holds unread bytes.
func (c *Chain) link(b *pool.Block) {
	if c.last == nil {
		c.head = b
	} else {
		c.last.Next = b
	}
	c.last = b
}

// unlink removes the first block, which holds unread bytes or has just lost its last one.
func (c *Chain) unlink() *pool.Block {
	b := c.head
	c.head, b.Next = b.Next, nil
	if c.head == nil {
		c.last = nil
	}
	return b
}

// forget ends the space and the result of Segments. The list must not keep alive a block that the
// pool has dropped. It also must not show the collector an address that has gone back to the
// system.
func (c *Chain) forget() {
	clear(c.vec)
	c.vec = c.vec[:0]
	c.offered = 0
}

func (c *Chain) dropSpare() {
	c.forget()
	for c.spare != nil {
		b := c.spare
		c.spare, b.Next = b.Next, nil
		c.put(b)
	}
}

// Segments returns the unread bytes, one segment per block.
func (c *Chain) Segments() [][]byte {
	c.dropSpare()
	for b := c.head; b != nil; b = b.Next {
		c.vec = append(c.vec, b.Buf[b.R:b.W:b.W])
	}
	return c.vec
}

// View returns n bytes, and copies them together if they span several segments.
func (c *Chain) View(n int) ([]byte, error) {
	c.dropSpare()
	if err := checkView(n, c.n, c.limit); err != nil || n == 0 {
		return nil, err
	}
	if c.head.Unread() < n {
		if err := c.pull(n); err != nil {
			return nil, err
		}
	}
	b := c.head
	return b.Buf[b.R : b.R+n : b.R+n], nil
}

// pull makes the first block hold at least n bytes.
func (c *Chain) pull(n int) error {
	h := c.head
	switch {
	case n <= len(h.Buf)-h.R:
		// The missing bytes fit after the present ones.
	case n <= len(h.Buf):
		k := copy(h.Buf, h.Buf[h.R:h.W])
		c.stats.Copied += uint64(k)
		c.spoil(h.Buf[max(k, h.R):h.W])
		h.R, h.W = 0, k
	default:
		b := c.take(n)
		if b == nil {
			return ErrExhausted
		}
		b.Next, c.head = h, b
	}
	for h = c.head; h.Unread() < n; {
		from := h.Next
		k := copy(h.Buf[h.W:h.R+n], from.Buf[from.R:from.W])
		c.stats.Copied += uint64(k)
		c.spoil(from.Buf[from.R : from.R+k])
		h.W += k
		from.R += k
		if from.Unread() > 0 {
			continue
		}
		h.Next, from.Next = from.Next, nil
		if c.last == from {
			c.last = h
		}
		c.put(from)
	}
	return nil
}

// Discard consumes n bytes, and gives the emptied segments back to the pool.
func (c *Chain) Discard(n int) {
	c.consume(n, c.n)
	c.dropSpare()
	c.drop(n)
	c.level(c.n)
}

// drop drops the first n unread bytes.
func (c *Chain) drop(n int) {
	c.n -= n
	for n > 0 {
		h := c.head
		k := min(n, h.Unread())
		c.spoil(h.Buf[h.R : h.R+k])
		h.R += k
		n -= k
		if h.Unread() == 0 {
			c.put(c.unlink())
		}
	}
}

// Len returns the number of unread bytes.
func (c *Chain) Len() int { return c.n }

// Trim gives back the segments reserved by a Space.
func (c *Chain) Trim() {
	c.dropSpare()
	c.vec = nil
	if c.private {
		c.pool.Trim()
	}
}

// Release drops the unread bytes and gives all memory back to the pool.
func (c *Chain) Release() {
	c.dropSpare()
	c.drop(c.n)
	c.Trim()
	c.ahead = 1
	c.level(0)
}
