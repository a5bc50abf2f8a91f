package bufstrategy

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// MemoryBudgetOptions configure a MemoryBudget. All sizes are in bytes; zero means the default.
type MemoryBudgetOptions struct {
	// Limit bounds what is held together. It is needed.
	Limit int

	// High and Low are the watermarks of Paused: 0 <= Low < High <= Limit. The default of High is
	// Limit; the default of Low is half of High. With the dynamic threshold many buffers of equal
	// hunger settle a little below Limit: a High of three quarters is reached, one of Limit may
	// never be.
	High, Low int

	// Crossed is called once at each crossing of a watermark: with true when Used has reached High,
	// with false when it has fallen to Low, and so in turns, never twice at once. It is what an
	// acceptor stops and starts by. nil means nobody.
	//
	// It runs on a goroutine that took memory or gave some back, in the middle of a call of some
	// buffer: it may call any method of the budget, and none of any Buffer, Pool or Scratch. A
	// crossing that is undone before it could be told, because a call is running, is not told.
	Crossed func(paused bool)
}

// MemoryBudget bounds the memory that any number of buffers and pools hold together, such as all
// those of a process. It is for thousands of connections, each of which may hold much, and which
// together must not.
//
// It counts bytes that are resident: the arrays of buffers, and the blocks of pools, those that a
// Pool keeps for reuse included. It does not count the array of a Scratch, of which there is one a
// loop, nor the objects themselves, nor what the debug mode keeps back. Used is never more than
// Limit, not for a moment.
//
// At the bound memory is refused and nothing is lost: Space offers the room that its buffer has
// already, or nothing, which Fill reports as Full with ErrExhausted, and a View that would have to
// copy returns ErrExhausted.
//
// # Who is refused
//
// Memory goes by a dynamic threshold, as in the switches that share memory between their queues
// (Choudhury and Hahne, Dynamic Queue Length Thresholds for PerLoop-Memory Packet Switches, 1998):
// a buffer that holds something may take more only if what it would hold then is no more than what
// is free now. A buffer that holds nothing may take its first piece whenever that fits. Memory that
// a Pool has kept is counted already, and is lent to anyone.
//
// So one buffer that wants all gets half of Limit. N buffers that want all and grow side by side
// get 1/(N+1) of Limit each, short of a piece, and as much stays free for who comes next. One that
// came before the others keeps what it has until that is consumed, and gets no more before it has
// come down to the share of the others.
//
// Promised is the bound, and that a buffer which takes more leaves at least as much free as it
// held. Not promised: that anything is taken back; that a buffer reaches its own Limit, since one
// of more than half of the budget's never does, other than by its first piece; that there is room
// for a newcomer when first pieces alone have used all up, which those of Fixed, Ring and Mirrored
// do soonest, as they take all that they will ever hold; equal shares of bytes moved.
//
// # Who was refused
//
// learns by Enqueue when to try again. To try again on a timer works, too.
//
// A MemoryBudget is safe for concurrent use. No lock is needed to take memory or to give it back,
// unless a watermark is crossed or someone waits who could be told. A buffer that is dropped
// without Release, and a Pool that is dropped without Trim while it keeps memory, take their bytes
// of the budget with them.
type MemoryBudget struct {
	limit, high, low int64
	crossed          func(paused bool)

	used    atomic.Int64
	usedMax atomic.Int64
	refused atomic.Uint64
	paused  atomic.Bool

	least    atomic.Int64 // no waiter fits into less than this; wantNothing when there is none
	promised atomic.Int64 // bytes for the waiters that have been told and have not tried yet

	mu      sync.Mutex // guards all below, and is never held while anything is called
	telling bool       // some goroutine is in settle and will see what others have changed
	first   *MemoryWaiter
	last    *MemoryWaiter
	waiting int
}

// wantNothing is more than any waiter needs.
const wantNothing = math.MaxInt64

// MemoryBudgetStats is what a Budget counts, Used and PeakUsed in bytes.
type MemoryBudgetStats struct {
	Used     int    // Used is what is held now.
	PeakUsed int    // PeakUsed is the most that Used has been.
	Refused  uint64 // Refused counts how often memory was refused.
	Waiting  int    // Waiting is how many MemoryWaiters are queued now.
}

// NewMemoryBudget makes a MemoryBudget.
func NewMemoryBudget(o MemoryBudgetOptions) (*MemoryBudget, error) {
	if o.Limit <= 0 || o.High < 0 || o.Low < 0 {
		return nil, fmt.Errorf("bufstrategy: budget: want a positive limit and no negative watermark, got %d, %d, %d", o.Limit, o.High, o.Low)
	}
	o.High = orDefault(o.High, o.Limit)
	o.Low = orDefault(o.Low, o.High/2)
	if o.Low >= o.High || o.High > o.Limit {
		return nil, fmt.Errorf("bufstrategy: budget: watermarks: want low < high <= limit, got %d, %d, %d", o.Low, o.High, o.Limit)
	}
	g := &MemoryBudget{limit: int64(o.Limit), high: int64(o.High), low: int64(o.Low), crossed: o.Crossed}
	g.least.Store(wantNothing)
	return g, nil
}

// Limit is the bound, in bytes.
func (g *MemoryBudget) Limit() int { return int(g.limit) }

// Paused reports true from when Used has reached High until it has fallen to Low.
func (g *MemoryBudget) Paused() bool { return g.paused.Load() }

// Stats returns what the budget has counted.
func (g *MemoryBudget) Stats() MemoryBudgetStats {
	g.mu.Lock()
	waiting := g.waiting
	g.mu.Unlock()
	return MemoryBudgetStats{Used: int(g.used.Load()), PeakUsed: int(g.usedMax.Load()), Refused: g.refused.Load(), Waiting: waiting}
}

// fits is the dynamic threshold: whether a buffer that holds held bytes may take n more while free
// bytes are.
func fits(held, n, free int64) bool { return needs(held, n) <= free }

// needs is how many bytes must be free for a buffer that holds held bytes to take n more.
func needs(held, n int64) int64 {
	if held == 0 {
		return n
	}
	return held + n
}

// reserve takes n bytes for a buffer that holds held, or counts that it was refused. settle must
// follow, outside every lock. Of a nil MemoryBudget there is always enough.
func (g *MemoryBudget) reserve(held, n int) bool {
	if g.take(held, n) {
		return true
	}
	g.refused.Add(1)
	return false
}

// take is reserve that does not count.
func (g *MemoryBudget) take(held, n int) bool {
	if g == nil {
		return true
	}
	for {
		used := g.used.Load()
		if !fits(int64(held), int64(n), g.limit-used) {
			return false
		}
		if g.used.CompareAndSwap(used, used+int64(n)) {
			g.peak(used + int64(n))
			return true
		}
	}
}

func (g *MemoryBudget) peak(used int64) {
	for most := g.usedMax.Load(); used > most; most = g.usedMax.Load() {
		if g.usedMax.CompareAndSwap(most, used) {
			return
		}
	}
}

// release gives n bytes back. settle must follow, outside every lock.
func (g *MemoryBudget) release(n int) {
	if g != nil && n != 0 {
		g.used.Add(-int64(n))
	}
}

// wanted reports that someone waits, so that memory is better given back than kept.
func (g *MemoryBudget) wanted() bool { return g != nil && g.least.Load() != wantNothing }

// settle tells of crossings, and tells those that wait, as far as there is reason to. No lock may
// be held.
func (g *MemoryBudget) settle() {
	if g == nil || !g.due() {
		return
	}
	g.mu.Lock()
	if g.telling {
		// Whoever is telling looks again after this lock, and so sees what was changed before it.
		g.mu.Unlock()
		return
	}
	g.telling = true
	defer func() {
		g.telling = false // also when what was called has panicked
		g.mu.Unlock()
	}()
	for g.tellOne() {
		continue
	}
}

// due reports that settle has something to tell, or may have.
func (g *MemoryBudget) due() bool { return g.crossing() || g.free() >= g.least.Load() }

func (g *MemoryBudget) crossing() bool {
	used := g.used.Load()
	if g.paused.Load() {
		return used <= g.low
	}
	return used >= g.high
}

// free is what is left for those that have not been told yet.
func (g *MemoryBudget) free() int64 { return g.limit - g.used.Load() - g.promised.Load() }

// tellOne makes one call that is due, and reports false if none is. The lock is held, but not
// during the call.
func (g *MemoryBudget) tellOne() bool {
	if g.crossing() {
		paused := !g.paused.Load()
		g.paused.Store(paused)
		if g.crossed != nil {
			g.unlocked(func() { g.crossed(paused) })
		}
		return true
	}
	if w := g.nextWaiter(); w != nil {
		ready := w.Ready
		g.unlocked(ready)
		return true
	}
	return false
}

func (g *MemoryBudget) unlocked(call func()) {
	g.mu.Unlock()
	defer g.mu.Lock()
	call()
}
