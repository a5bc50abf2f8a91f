// Package budget bounds the memory that buffers and pools hold together. Package memory documents
// it for users. The strategies take memory here.
package budget

import (
	"cmp"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Options configures a Budget, as memory.BudgetOptions describes.
type Options struct {
	Limit, High, Low int
	Crossed          func(paused bool)
}

// Budget is a bound on memory, as memory.Budget describes. Budgets that are nil refuse nothing.
type Budget struct {
	limit, high, low int64
	crossed          func(paused bool)

	used    atomic.Int64
	usedMax atomic.Int64
	refused atomic.Uint64
	paused  atomic.Bool

	least    atomic.Int64 // no waiter fits into less than this; wantNothing without waiters
	promised atomic.Int64 // bytes for the waiters that were notified and have not retried yet

	mu      sync.Mutex // guards all below, and is never held during a callback
	telling bool       // a goroutine is in Settle and will see the changes of others
	first   *Place
	last    *Place
	waiting int
}

// wantNothing exceeds the need of any waiter.
const wantNothing = math.MaxInt64

// Stats holds the counters of a Budget, as memory.BudgetStats describes.
type Stats struct {
	Used, PeakUsed int
	Refused        uint64
	Waiting        int
}

// New returns a Budget.
func New(o Options) (*Budget, error) {
	if o.Limit <= 0 || o.High < 0 || o.Low < 0 {
		return nil, fmt.Errorf("memory: budget: limit %d, watermarks high %d, low %d: want a positive limit and no negative watermark", o.Limit, o.High, o.Low)
	}
	o.High = cmp.Or(o.High, o.Limit)
	o.Low = cmp.Or(o.Low, o.High/2)
	if o.Low >= o.High || o.High > o.Limit {
		return nil, fmt.Errorf("memory: budget: watermarks low %d, high %d, limit %d: want low < high <= limit", o.Low, o.High, o.Limit)
	}
	g := &Budget{limit: int64(o.Limit), high: int64(o.High), low: int64(o.Low), crossed: o.Crossed}
	g.least.Store(wantNothing)
	return g, nil
}

// Limit returns the bound in bytes.
func (g *Budget) Limit() int { return int(g.limit) }

// Paused reports true from the moment Used reaches High until Used falls to Low.
func (g *Budget) Paused() bool { return g.paused.Load() }

// Stats returns the counters of the budget.
func (g *Budget) Stats() Stats {
	g.mu.Lock()
	waiting := g.waiting
	g.mu.Unlock()
	return Stats{Used: int(g.used.Load()), PeakUsed: int(g.usedMax.Load()), Refused: g.refused.Load(), Waiting: waiting}
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

// Reserve takes n bytes for a buffer that holds held bytes, or counts a refusal. The caller must
// call Settle afterwards, outside every lock. A nil Budget never refuses.
func (g *Budget) Reserve(held, n int) bool {
	if g.Take(held, n) {
		return true
	}
	g.refused.Add(1)
	return false
}

// Take is Reserve without the count of refusals.
func (g *Budget) Take(held, n int) bool {
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

func (g *Budget) peak(used int64) {
	for most := g.usedMax.Load(); used > most; most = g.usedMax.Load() {
		if g.usedMax.CompareAndSwap(most, used) {
			return
		}
	}
}

// Release gives n bytes back. The caller must call Settle afterwards, outside every lock.
func (g *Budget) Release(n int) {
	if g != nil && n != 0 {
		g.used.Add(-int64(n))
	}
}

// Wanted reports whether a waiter is queued, so that memory is better given back than kept.
func (g *Budget) Wanted() bool { return g != nil && g.least.Load() != wantNothing }

// Settle reports crossings and notifies waiters, as far as they are due. The caller holds no lock.
func (g *Budget) Settle() {
	if g == nil || !g.due() {
		return
	}
	g.mu.Lock()
	if g.telling {
		// The goroutine in Settle checks again after this lock, and so sees all changes made before
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

// due reports whether Settle may have something to report.
func (g *Budget) due() bool { return g.crossing() || g.free() >= g.least.Load() }

func (g *Budget) crossing() bool {
	used := g.used.Load()
	if g.paused.Load() {
		return used <= g.low
	}
	return used >= g.high
}

// free returns the bytes left for waiters that have not been notified yet.
func (g *Budget) free() int64 { return g.limit - g.used.Load() - g.promised.Load() }

// tellOne makes one call that is due, and reports false if none is. The lock is held, except during
// the call.
func (g *Budget) tellOne() bool {
	if g.crossing() {
		paused := !g.paused.Load()
		g.paused.Store(paused)
		if g.crossed != nil {
			g.unlocked(func() { g.crossed(paused) })
		}
		return true
	}
	if w := g.nextWaiter(); w != nil {
		ready := w.ready
		g.unlocked(ready)
		return true
	}
	return false
}

func (g *Budget) unlocked(call func()) {
	g.mu.Unlock()
	defer g.mu.Lock()
	call()
}
