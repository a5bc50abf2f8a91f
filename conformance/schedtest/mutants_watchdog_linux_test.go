package schedtest

import (
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

func watchdogMutants() []suite.Mutant[*Fixture] {
	optional := func(change func(o *sched.Options)) func(*operations) {
		return func(ops *operations) {
			ops.options = func(o sched.Options) sched.Options {
				change(&o)
				return o
			}
		}
	}
	telling := func(change func(s *sched.Stall)) func(*operations) {
		return optional(func(o *sched.Options) {
			if tell := o.Stalled; tell != nil {
				o.Stalled = func(s sched.Stall) {
					change(&s)
					tell(s)
				}
			}
		})
	}
	return []suite.Mutant[*Fixture]{
		mutant("the watchdog says nothing", optional(func(o *sched.Options) { o.MaxTurn = 0 }), "watchdog/names-the-task"),
		mutant("the watchdog names all alike", telling(func(s *sched.Stall) { s.Task = "handler" }), "watchdog/names-the-task"),
		mutant("the watchdog gives another's stack", telling(func(s *sched.Stall) { s.Stack = nil }), "watchdog/names-the-task"),
	}
}
