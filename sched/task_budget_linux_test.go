package sched

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// The check that each operation of a connection makes allocates nothing, whether or not the task
// has to yield.
func TestABudgetAllocatesNothing(t *testing.T) {
	for name, start := range starts {
		for _, budget := range []time.Duration{0, time.Nanosecond, time.Hour} {
			t.Run(name+"/"+budget.String(), func(t *testing.T) { askOften(t, start(t, Options{TurnBudget: budget}), budget) })
		}
	}
}

func askOften(t *testing.T, l *Loop, budget time.Duration) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	reg, err := l.Waiter().Register(a)
	require.NoError(t, err)
	defer reg.Close()
	err = l.Call(t.Context(), "asks", func(task *Task) error {
		allocs := testing.AllocsPerRun(1000, func() {
			if err := reg.(*taskSource).YieldIfSpent(); err != nil {
				t.Error(err)
			}
			if spent := task.Spent(); spent != (budget == time.Nanosecond) {
				t.Errorf("Spent: got %v with budget %v", spent, budget)
			}
		})
		if allocs != 0 {
			t.Errorf("got %v allocations per check, want 0", allocs)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
