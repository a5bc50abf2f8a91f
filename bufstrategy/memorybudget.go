package bufstrategy

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// MemoryBudgetOptions configures a MemoryBudget. All sizes are in bytes, and zero means the
// default.
type MemoryBudgetOptions struct {
	// Limit bounds the memory that is held together. It is required.
	Limit int

	// High and Low are the watermarks of Paused: 0 <= Low < High <= Limit. High defaults to Limit,
	// and Low to half of High. With the dynamic threshold, many equally demanding buffers settle a
	// little below Limit. They reach a High of three quarters, but may never reach a High of Limit.
	High, Low int

	// Crossed is called once at each crossing of a watermark, for example to stop and start an
	// acceptor. The argument is true when Used has reached High, and false when Used has fallen to
	// Low. The two alternate and never run concurrently. nil means no notification.
	//
	// Crossed runs on a goroutine that took memory or gave some back, inside a call of some buffer.
	// It may call any method of the budget, but none of any Buffer, Pool or Scratch. A crossing
	// that is undone while an earlier call still runs is not reported.
	Crossed func(paused bool)
}

// MemoryBudget bounds the memory that any number of buffers and pools hold together, such as all
// those of a process. It serves thousands of connections that may each hold much memory, but not
// all at once.
//
// It counts resident bytes: the arrays of buffers and the blocks of pools, including those that a
// Pool keeps for reuse. It does not count the array of a Scratch, of which there is one per loop.
// It also does not count the objects themselves, or memory that the debug mode holds back. Used
// never exceeds Limit, not even momentarily.
//
// At the bound memory is refused and nothing is lost. Space offers the room that its buffer already
// has, or nothing, which Fill reports as Full with ErrExhausted. A View that would have to copy
// returns ErrExhausted.
//
// # Refusals
//
// Memory follows a dynamic threshold, as in switches whose queues share memory (Choudhury and
// Hahne, Dynamic Queue Length Thresholds for Shared-Memory Packet Switches, 1998). A buffer that
// already holds memory may take more only if its new total does not exceed what is free now. A
// buffer that holds none may take its first piece whenever that fits. Memory that a Pool has kept
// is already counted, and any buffer may have it.
//
// One buffer that wants everything therefore gets half of Limit. N buffers that want everything and
// grow together get 1/(N+1) of Limit each, minus a piece. The same amount stays free for newcomers.
// A buffer that came before the others keeps what it has until that is consumed. It gets no more
// until it has come down to the share of the others.
//
// A MemoryBudget promises the bound, and that a buffer that takes more leaves at least as much free
// as it held. It does not promise:
//   - That anything is taken back.
//   - That a buffer reaches its own Limit. A buffer with more than half of the budget's Limit never
//     does, except by its first piece.
//   - Room for a newcomer if first pieces alone have used everything. Fixed, Ring and Mirrored
//     cause this soonest, because they take all their memory at once.
//   - Equal shares of bytes moved.
//
// # After a refusal
//
// A refused caller calls Enqueue to be notified when to retry. Retrying on a timer also works.
//
// A MemoryBudget is safe for concurrent use. Taking memory or giving it back needs no lock, unless
// a watermark is crossed or a waiter can be notified. A buffer that is dropped without Release
// keeps its bytes of the budget permanently. So does a Pool that keeps memory and is dropped
// without Trim.
type MemoryBudget struct {
	limit, high, low int64
	crossed          func(paused bool)

	used    atomic.Int64
	usedMax atomic.Int64
	refused atomic.Uint64
	paused  atomic.Bool

	least    atomic.Int64 // no waiter fits into less than this; wantNothing without waiters
	promised atomic.Int64 // bytes for the waiters that were notified and have not retried yet

	mu      sync.Mutex // guards all below, and is never held during a callback
	telling bool       // a goroutine is in settle and will see the changes of others
	first   *MemoryWaiter
	last    *MemoryWaiter
	waiting int
}

// wantNothing exceeds the need of any waiter.
const wantNothing = math.MaxInt64

// MemoryBudgetStats holds the counters of a MemoryBudget. Used and PeakUsed are in bytes.
type MemoryBudgetStats struct {
	Used     int    // Used is the memory held now.
	PeakUsed int    // PeakUsed is the highest value that Used has reached.
	Refused  uint64 // Refused counts the refusals of memory.
	Waiting  int    // Waiting is the number of MemoryWaiters queued now.
}

// NewMemoryBudget returns a MemoryBudget.
func NewMemoryBudget(o MemoryBudgetOptions) (*MemoryBudget, error) {
	if o.Limit <= 0 || o.High < 0 || o.Low < 0 {
		return nil, fmt.Errorf("bufstrategy: budget: limit %d, watermarks high %d, low %d: want a positive limit and no negative watermark", o.Limit, o.High, o.Low)
	}
	o.High = orDefault(o.High, o.Limit)
	o.Low = orDefault(o.Low, o.High/2)
	if o.Low >= o.High || o.High > o.Limit {
		return nil, fmt.Errorf("bufstrategy: budget: watermarks low %d, high %d, limit %d: want low < high <= limit", o.Low, o.High, o.Limit)
	}
	g := &MemoryBudget{limit: int64(o.Limit), high: int64(o.High), low: int64(o.Low), crossed: o.Crossed}
	g.least.Store(wantNothing)
	return g, nil
}

// Limit returns the bound in bytes.
func (g *MemoryBudget) Limit() int { return int(g.limit) }

// Paused reports true from the moment Used reaches High until Used falls to Low.
func (g *MemoryBudget) Paused() bool { return g.paused.Load() }

// Stats returns the counters of the budget.
func (g *MemoryBudget) Stats() MemoryBudgetStats {
	g.mu.Lock()
	waiting := g.waiting
	g.mu.Unlock()
	return MemoryBudgetStats{Used: int(g.used.Load()), PeakUsed: int(g.usedMax.Load()), Refused: g.refused.Load(), Waiting: waiting}
}

// fits is the dynamic threshold. It reports whether a buffer that holds held bytes may take n more
// while free bytes are free.
func fits(held, n, free int64) bool { return needs(held, n) <= free }

// needs returns how many bytes must be free for a buffer that holds held bytes to take n more.
func needs(held, n int64) int64 {
	if held == 0 {
		return n
	}
	return held + n
}

// reserve takes n bytes for a buffer that holds held bytes, or counts a refusal. The caller must
// call settle afterwards, outside every lock. A nil MemoryBudget never refuses.
func (g *MemoryBudget) reserve(held, n int) bool {
	if g.take(held, n) {
		return true
	}
	g.refused.Add(1)
	return false
}

// take is reserve without the count of refusals.
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

// release gives n bytes back. The caller must call settle afterwards, outside every lock.
func (g *MemoryBudget) release(n int) {
	if g != nil && n != 0 {
		g.used.Add(-int64(n))
	}
}

// wanted reports whether a waiter is queued, so that memory is better given back than kept.
func (g *MemoryBudget) wanted() bool { return g != nil && g.least.Load() != wantNothing }

// settle reports crossings and notifies waiters, as far as they are due. The caller holds no lock.
func (g *MemoryBudget) settle() {
	if g == nil || !g.due() {
		return
	}
	g.mu.Lock()
	if g.telling {
		// The goroutine in settle checks again after this lock, and so sees all changes made before
		// it.
		g.mu.Unlock()
		return
	}
	g.telling = true
	defer func() {
		g.telling = false // also after a panic of a callback
		g.mu.Unlock()
	}()
	for g.tellOne() {
		continue
	}
}

// due reports whether settle may have something to report.
func (g *MemoryBudget) due() bool { return g.crossing() || g.free() >= g.least.Load() }

func (g *MemoryBudget) crossing() bool {
	used := g.used.Load()
	if g.paused.Load() {
		return used <= g.low
	}
	return used >= g.high
}

// free returns the bytes left for waiters that have not been notified yet.
func (g *MemoryBudget) free() int64 { return g.limit - g.used.Load() - g.promised.Load() }

// tellOne makes one call that is due, and reports false if none is. The lock is held, except during
// the call.
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
