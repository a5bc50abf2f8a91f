package memory

import "github.com/edgewise-go/edgewise/bufstrategy/internal/pool"

// ErrExhausted reports that memory shared with other buffers has reached its bound. Nothing was
// lost. Retry after another buffer has discarded bytes. Neither readiness of the socket nor a
// Discard of this buffer necessarily frees that memory.
var ErrExhausted = pool.ErrExhausted

// Pool hands out blocks of memory to any number of buffers, and to programs that use no buffer. It
// keeps some returned blocks for reuse. Both have a bound. Block sizes are powers of two of at
// least 256 bytes, so up to half of a block may be unused.
//
// A Pool is safe for concurrent use. The buffers on it are not: each belongs to one goroutine. A
// block that moves from one user to another passes through the Pool's lock, which orders their
// accesses.
//
// Kept blocks of one size never block requests for another. Where the bound would otherwise refuse
// memory, the Pool drops kept blocks, the largest first.
type Pool pool.Pool

// PoolOptions configures a Pool. Sizes are in bytes.
type PoolOptions struct {
	// Limit bounds the memory that the Pool hands out. The sum of what is handed out, what the Pool
	// keeps and what its Magazines hold never exceeds it. At least 256.
	Limit int

	// Keep bounds the returned memory that the Pool keeps for reuse: 0 <= Keep <= Limit. While a
	// Waiter waits for the budget, the Pool keeps nothing that is returned.
	Keep int

	// Budget bounds the memory that this Pool has handed out and kept, and that its Magazines hold,
	// together with the memory of others. If Budget is nil, only Limit bounds it. Memory that
	// OffHeap maps beyond that is not counted.
	Budget *Budget

	// OffHeap takes memory from the system, by mmap or VirtualAlloc, instead of from Go's heap. The
	// garbage collector neither counts nor scans it. On other systems, and together with Guard,
	// NewPoolOf returns an error that wraps errors.ErrUnsupported.
	//
	// Blocks of less than 256 KiB lie in spans of that size, and each span holds blocks of one
	// size. A span goes back to the system when Trim, Tick or a bound drops its last block, so one
	// block in use keeps its span. The mapped memory may therefore exceed what is handed out and
	// kept, but it never exceeds twice Limit plus 2.5 MiB. At that bound memory is refused with
	// ErrExhausted. The objects that describe the blocks of a span are one allocation.
	//
	// The memory belongs to the Pool until Close. A Pool that is dropped without Close leaks its
	// mappings for the life of the process. Code that breaks the rules and uses memory after it has
	// gone back faults, or accesses whatever the system has mapped there since.
	OffHeap bool

	// Guard is a debug mode that reports misuse of memory, with the stacks of the take and of the
	// release. It detects these kinds:
	//   - Bytes before or after a block that were overwritten, when the block comes back.
	//   - A second Release, and Bytes after Release, at once.
	//   - Writes after release, when the memory is handed out again or dropped. The writer may have
	//     kept Bytes of a Block, or a segment or a view of a Chain or a PerLoop. Until then the
	//     memory is filled with the byte 0xDB.
	//
	// Guard does not detect reads. They return that byte.
	//
	// Guard costs microseconds and a pass over the memory whenever a block is handed out or comes
	// back. It also costs one to two KiB per block, which the bounds do not count. Kept blocks are
	// reused in the order in which they came back.
	Guard bool

	// Report receives each misuse that Guard finds. It runs on the goroutine that found the misuse,
	// which need not have caused it, and with no lock held. Overwritten bytes are restored after
	// they were found. If Report is nil, the Pool panics with the *Misuse.
	Report func(*Misuse)
}

// NewPool calls NewPoolOf with these two options.
func NewPool(limit, keep int) (*Pool, error) { return NewPoolOf(PoolOptions{Limit: limit, Keep: keep}) }

// NewPoolOf returns a Pool. It allocates no block memory yet.
func NewPoolOf(o PoolOptions) (*Pool, error) {
	p, err := pool.New(pool.Options{
		Limit: o.Limit, Keep: o.Keep, Budget: o.Budget.impl(), OffHeap: o.OffHeap, Guard: o.Guard, Report: reporter(o.Report),
	})
	return (*Pool)(p), err
}

func (p *Pool) impl() *pool.Pool { return (*pool.Pool)(p) }

// Take returns a block of at least n bytes, which are not cleared. It allocates nothing if the Pool
// has kept a block of that size.
//
// At the bound Take returns ErrExhausted. Retry after memory has been returned. Take panics if n is
// negative.
func (p *Pool) Take(n int) (Block, error) {
	b, err := p.impl().Take(n)
	return Block(b), err
}

// Tick drops the blocks that were not needed since the last Tick: for each size, the smallest
// number that was kept at any time in between. It is meant for a timer. An idle Pool keeps nothing
// after two calls, even after a burst. A busy Pool keeps what it uses between two calls. The Pool
// has no clock. The caller chooses the interval, which should exceed the pauses of the traffic:
// some seconds.
//
// If there are Magazines, each loop calls Magazine.Tick on its timer, and one of them also calls
// Pool.Tick. An idle program then holds nothing after two of the former and three of the latter, in
// turns.
func (p *Pool) Tick() { p.impl().Tick() }

// Trim drops the memory that the Pool keeps for reuse.
func (p *Pool) Trim() { p.impl().Trim() }

// Close ends a Pool, which then keeps nothing and hands out nothing. Blocks in use stay valid, and
// each is dropped when it comes back. Blocks in Magazines come back by Magazine.Close. With
// PoolOptions.OffHeap, all memory has gone back to the system once the last block is back.
func (p *Pool) Close() { p.impl().Close() }
