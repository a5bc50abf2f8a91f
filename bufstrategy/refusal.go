package bufstrategy

import (
	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// budgeted is a Buffer that reports its last refusal, and the budget that refused.
type budgeted interface {
	lacks() (*budget.Budget, budget.Lack)
}

// LastRefusal returns the last request of b for memory, if a Budget refused it. The caller passes
// it to [memory.Budget.Enqueue], to be notified when to retry. LastRefusal returns the zero Refusal
// if the last request was granted, if another bound refused it, or if b is not a buffer of this
// package.
func LastRefusal(b Buffer) memory.Refusal {
	r, ok := b.(budgeted)
	if !ok {
		return memory.Refusal{}
	}
	by, lack := r.lacks()
	return memory.Refusal{By: by, Lack: lack}
}
