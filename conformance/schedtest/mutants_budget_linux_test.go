package schedtest

import (
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

func budgetMutants() []suite.Mutant[*Fixture] {
	budget := func(change func(d time.Duration) time.Duration) func(*operations) {
		return func(o *operations) {
			o.options = func(o sched.Options) sched.Options {
				o.TurnBudget = change(o.TurnBudget)
				return o
			}
		}
	}
	return []suite.Mutant[*Fixture]{
		mutant("a share is used up too early", budget(func(d time.Duration) time.Duration {
			if d == turnBudget {
				d = always
			}
			return d
		}), "budget/step"),
		mutant("nobody has a budget", budget(func(time.Duration) time.Duration { return 0 }),
			"budget/lets-tasks-run"),
		mutant("everybody has a budget", budget(func(d time.Duration) time.Duration {
			if d == 0 {
				d = always
			}
			return d
		}), "budget/none"),
		mutant("a share that was used up stays so", func(o *operations) {
			var task, step bool
			o.spent = func(t *sched.Task) bool {
				task = task || t.Spent()
				return task
			}
			o.stepSpent = func(t sched.HandlerTask) bool {
				step = step || t.Spent()
				return step
			}
		}, "budget/task"),
		mutant("every operation yields", budget(func(d time.Duration) time.Duration { return min(d, always) }),
			"budget/keeps-the-turn"),
		mutant("who lets others run is not told of his cancellation", func(o *operations) {
			share := o.share
			o.share = func(reg registration) error {
				_ = share(reg)
				return nil
			}
		}, "budget/canceled"),
	}
}
