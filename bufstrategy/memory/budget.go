package memory

import "github.com/edgewise-go/edgewise/bufstrategy/internal/budget"

// BudgetOptions configures a Budget. All sizes are in bytes, and zero means the default.
type BudgetOptions struct {
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

// Budget bounds the memory that any number of buffers and pools hold together, such as all those of
// a process. It serves thousands of connections that may each hold much memory, but not all at
// once.
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
// A Budget promises the bound, and that a buffer that takes more leaves at least as much free as it
// held. It does not promise:
//   - That anything is taken back.
//   - That a buffer reaches its own Limit. A buffer with more than half of the budget's Limit never
//     does, except by its first piece.
//   - Room for a newcomer if first pieces alone have used everything. Fixed, Ring and Mirrored
//     cause this soonest, because they take all their memory at once.
//   - Equal shares of bytes moved.
//
// # After a refusal
//
// A refused caller passes the Refusal of its buffer to Enqueue, to be notified when to retry.
// Retrying on a timer also works.
//
// A Budget is safe for concurrent use. Taking memory or giving it back needs no lock, unless a
// watermark is crossed or a waiter can be notified. A buffer that is dropped without Release keeps
// its bytes of the budget permanently. So does a Pool that keeps memory and is dropped without
// Trim.
type Budget budget.Budget

// BudgetStats holds the counters of a Budget. Used and PeakUsed are in bytes.
type BudgetStats struct {
	Used     int    // Used is the memory held now.
	PeakUsed int    // PeakUsed is the highest value that Used has reached.
	Refused  uint64 // Refused counts the refusals of memory.
	Waiting  int    // Waiting is the number of Waiters queued now.
}

// NewBudget returns a Budget.
func NewBudget(o BudgetOptions) (*Budget, error) {
	g, err := budget.New(budget.Options(o))
	return (*Budget)(g), err
}

func (g *Budget) impl() *budget.Budget { return (*budget.Budget)(g) }

// Limit returns the bound in bytes.
func (g *Budget) Limit() int { return g.impl().Limit() }

// Paused reports true from the moment Used reaches High until Used falls to Low.
func (g *Budget) Paused() bool { return g.impl().Paused() }

// Stats returns the counters of the budget.
func (g *Budget) Stats() BudgetStats { return BudgetStats(g.impl().Stats()) }
