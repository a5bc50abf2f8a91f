package sched

import (
	"testing"
)

// Another task has the lock each time, so that the wait is also measured.
func TestALockThatIsWaitedForAllocatesNothing(t *testing.T) {
	l := start(t, Options{})
	var m Mutex
	over := false
	err := l.Call(t.Context(), "locks", func(task *Task) error {
		rival, err := task.Start(t.Context(), "rival", func(rival *Task) error {
			for !over {
				if err := m.Lock(rival); err != nil {
					return err
				}
				err := rival.Yield()
				m.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		waits := 0
		allocs := testing.AllocsPerRun(1000, func() {
			if !m.TryLock() {
				waits++
				if err := m.Lock(task); err != nil {
					t.Error(err)
				}
			}
			if err := task.Yield(); err != nil {
				t.Error(err)
			}
			m.Unlock()
		})
		if allocs != 0 || waits < 500 {
			t.Errorf("got %v allocations per lock, want 0; %d locks waited, want at least 500", allocs, waits)
		}
		over = true
		return task.Join(rival)
	})
	if err != nil {
		t.Error(err)
	}
}
