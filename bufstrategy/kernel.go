package bufstrategy

var _ Buffer = (*Kernel)(nil)

// Default and upper bound of Options.MaxLent, in segments.
const (
	defaultLent = 64
	lentLimit   = 1 << 16
)

// Lender owns memory that it lends to a Kernel. An example is a mechanism that receives into
// buffers of its own choice, such as io_uring with provided buffers (io_uring_register_buf_ring(3))
// or Registered I/O on Windows.
type Lender interface {
	// Return is called exactly once for each segment that a Kernel took: when its last byte was
	// discarded or copied elsewhere, and by Release. A method of the buffer that holds the segment
	// at that time calls Return, on the goroutine of that buffer. Return must not call any method
	// of that buffer.
	Return(id uint32)
}

// Kernel is a Chain that also takes filled segments that another component owns, and returns each
// after it was consumed. The caller reads the bytes that a mechanism received into its own buffers
// without a copy. They stay in order with bytes read by Space and Commit into segments of the Pool.
// One mechanism can therefore replace another on the same buffer.
//
// Lent segments hold up their owner: a mechanism that has lent all its buffers cannot receive.
// MaxLent bounds how many a Kernel holds. A consumer that keeps an incomplete message for long
// should copy it out, or call View. A View across segments copies into a block of the Pool, and the
// segments that it empties go back at once.
//
// MoveFrom takes lent segments from a Kernel like any others. They go back to their Lender from the
// buffer that holds them then, and count there. A Kernel that received more than MaxLent by
// MoveFrom takes no more by Lend. Resident counts lent memory, but no memory.Budget does, because
// its owner has already bounded it.
type Kernel struct {
	Chain
	lender  Lender
	lentMax int
}

// NewKernel returns a Kernel. It uses Lender, MaxLent, Limit, Segment, Pool, Magazine, High, Low,
// Watcher and Poison of the options, and Budget if it has neither Pool nor Magazine. Without a
// Lender it takes no lent segments and is a Chain.
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

// Lend appends the filled segment p to the unread bytes without copying. Until Return is called
// with the same id, p belongs to the buffer, which may write to it. No other code may touch p. Lend
// ends the outstanding space, and counts as one Commit.
//
// Lend takes nothing and reports false if p is larger than Limit minus Len, if MaxLent segments are
// lent, or if there is no Lender. The owner then keeps p. It retries after a Discard, or copies p
// in by Space and Commit. Lend panics if p is empty.
func (k *Kernel) Lend(p []byte, id uint32) bool {
	if len(p) == 0 {
		panic("bufstrategy: Kernel.Lend: empty segment")
	}
	k.dropSpare()
	if k.lender == nil || k.lent >= k.lentMax || len(p) > k.limit-k.n {
		return false
	}
	k.offered = len(p) // the segment brings its own space
	k.claim(len(p))
	k.lent++
	k.resident(len(p))
	k.link(k.pool.Borrow(p[:len(p):len(p)], k.lender, id))
	k.n += len(p)
	k.level(k.n)
	return true
}

// Lent returns the number of segments that are lent to the buffer now.
func (k *Kernel) Lent() int { return k.lent }
