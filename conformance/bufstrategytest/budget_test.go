package bufstrategytest

import (
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

func budgetMutants() []mutant {
	return []mutant{
		seen("the budget is not heeded", withOptions(func(c Options) Options { c.Budget = nil; return c },
			func(bufstrategy.Buffer, Options) fault { return fault{} }),
			"budget/refused-and-nothing-lost"),
		seen("release keeps memory of the budget", with(func(b bufstrategy.Buffer, c Options) fault {
			return fault{release: func() {
				b.Release()
				if c.Budget != nil {
					leak(c.Budget)
				}
			}}
		}), "budget/given-back"),
		seen("what is held for a view is not counted", with(func(b bufstrategy.Buffer, c Options) fault {
			return fault{stats: func() bufstrategy.Stats {
				s := b.Stats()
				if c.Budget != nil {
					s.Resident *= 2
				}
				return s
			}}
		}), "budget/holds-what-is-resident"),
		seen("a refusal of the budget loses a byte", with(func(b bufstrategy.Buffer, c Options) fault {
			return fault{space: func() [][]byte {
				s := b.Space()
				if c.Budget != nil && len(s) == 0 && b.Len() < b.Limit() {
					b.Discard(min(1, b.Len()))
				}
				return s
			}}
		}),
			"budget/never-beyond"),
	}
}

// leak takes a byte of g and never returns it.
func leak(g *memory.Budget) {
	b, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 1, Budget: g})
	if err != nil {
		panic(err)
	}
	b.Space()
}
