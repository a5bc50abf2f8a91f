package schedtest

import (
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

func metricsMutants() []suite.Mutant[*Fixture] {
	wrong := func(change func(m *sched.Metrics)) func(*operations) {
		return func(ops *operations) {
			ops.metrics = func(l *sched.Loop) sched.Metrics {
				m := l.Metrics()
				change(&m)
				return m
			}
		}
	}
	asking := func(ask bool) func(*operations) {
		return func(ops *operations) {
			ops.options = func(o sched.Options) sched.Options {
				o.Metrics = ask
				return o
			}
		}
	}
	none := sched.Histogram[time.Duration]{}
	return []suite.Mutant[*Fixture]{
		mutant("loses a turn", wrong(func(m *sched.Metrics) { m.Turns -= min(1, m.Turns) }), "metrics/counts"),
		mutant("loses an event", wrong(func(m *sched.Metrics) { m.Events -= min(1, m.Events) }), "metrics/counts"),
		mutant("loses a wait", wrong(func(m *sched.Metrics) { m.Waits -= min(1, m.Waits) }), "metrics/counts"),
		mutant("loses a posted function", wrong(func(m *sched.Metrics) { m.Posted -= min(1, m.Posted) }),
			"metrics/while-it-runs"),
		mutant("loses an end", wrong(func(m *sched.Metrics) { m.Ended -= min(1, m.Ended) }), "metrics/counts"),
		mutant("counts a task too many", wrong(func(m *sched.Metrics) { m.Tasks++ }), "metrics/not-asked-for"),
		mutant("has no ready tasks", wrong(func(m *sched.Metrics) { m.Ready = sched.Histogram[int64]{} }), "metrics/counts"),
		mutant("has no delays", wrong(func(m *sched.Metrics) { m.Delay = none }), "metrics/delay"),
		mutant("has no lengths of turns", wrong(func(m *sched.Metrics) { m.TurnTime = none }), "metrics/turn-time"),
		mutant("stops the loop to count", func(ops *operations) {
			ops.metrics = func(l *sched.Loop) sched.Metrics {
				got := make(chan sched.Metrics, 1)
				if err := l.Post(func() { got <- l.Metrics() }); err != nil {
					return l.Metrics()
				}
				return <-got
			}
		}, "metrics/while-it-runs"),
		mutant("counts unasked", asking(true), "metrics/not-asked-for"),
		mutant("does not count", asking(false), "metrics/delay"),
	}
}
