package bufstrategy

var _ Buffer = (*Kernel)(nil)

// Defaults and bounds of Options.MaxLent, in segments.
const (
	DefaultLent = 64
	LentLimit   = 1 << 16
)

// Lender owns memory that it lends to a Kernel: a mechanism that receives into buffers of its own
// choice, such as io_uring with provided buffers (io_uring_register_buf_ring(3)) or Registered I/O
// of Windows.
type Lender interface {
	// Return is called exactly once for each segment that a Kernel took, when its last byte was
	// discarded, or copied elsewhere, and by Release. It is called by a call of the buffer that
	// holds the segment then, on its goroutine: it must not call any method of that buffer.
	Return(id uint32)
}

// Kernel is a Chain that also takes segments which somebody else owns, filled, and gives each back
// when it was consumed. So what a mechanism has received into its own buffers is read without a
// copy, and in order with what was read by Space and Commit into segments of the Pool: one
// mechanism can be exchanged for another on the same buffer.
//
// Lent segments hold up their owner: a mechanism whose buffers are all lent out cannot receive.
// MaxLent bounds how many a Kernel holds, and a consumer that keeps an incomplete message for long
// does well to take it out, or to View it: a View across segments copies into a block of the Pool,
// and what lay in the segments that it emptied goes back at once.
//
// MoveFrom takes lent segments from a Kernel as it does others; they go back to their Lender from
// where they are then. There they count: a Kernel that got more than MaxLent by MoveFrom takes no
// more by Lend. Resident counts what is lent, and no MemoryBudget does: its owner has bounded it.
type Kernel struct {
	Chain
	lender  Lender
	lentMax int
}

// NewKernel makes a Kernel. It uses Lender, MaxLent, Limit, Segment, Pool, Magazine, Budget if it
// has neither, High, Low, Watcher and Poison of the options. Without a Lender it takes no segments
// and is a Chain.
func NewKernel(o Options) (*Kernel, error) {
	checked, err := o.checked("kernel")
	if err != nil {
		return nil, err
	}
	c, err := NewChain(o)
	if err != nil {
		return nil, err
	}
	k := &Kernel{Chain: *c, lender: o.Lender, lentMax: checked.MaxLent}
	k.watch(k, o.Watcher)
	return k, nil
}

// Lend takes p, which is filled, behind the unread bytes, without a copy. Until the Lender has it
// back by the same id p is the buffer's, which may write to it, and nobody else may touch it. Lend
// ends the space that is out, and counts as one Commit. Lend reports false, and takes nothing, when
// p is more than Limit less Len, or MaxLent segments are lent, or there is no Lender. Then the
// owner keeps p, and tries again after a Discard, or copies p in by Space and Commit. Lend panics
// when p is empty.
func (k *Kernel) Lend(p []byte, id uint32) bool {
	if len(p) == 0 {
		panic("bufstrategy: Lend of an empty segment")
	}
	k.dropSpare()
	if k.lender == nil || k.lent >= k.lentMax || len(p) > k.limit-k.n {
		return false
	}
	k.offered = len(p) // which the segment brings with it
	k.claim(len(p))
	k.lent++
	k.resident(len(p))
	k.link(k.pool.borrow(p[:len(p):len(p)], k.lender, id))
	k.n += len(p)
	k.level(k.n)
	return true
}

// Lent is how many segments are lent to the buffer now.
func (k *Kernel) Lent() int { return k.lent }
