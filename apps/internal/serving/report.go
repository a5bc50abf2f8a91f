package serving

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
)

// Report starts a task that logs periodically how many tasks the loops have and how much memory Go
// has taken from the system. If collect is set, the task first frees all memory that can be freed.
// That takes time, but leaves only memory in use.
func Report(kit *strategy.Kit, every time.Duration, collect bool) error {
	return kit.Places[0].Loop.Go(context.Background(), "report", func(t *sched.Task) error {
		for !t.Draining() {
			tasks := -1 // excludes itself
			for _, p := range kit.Places {
				tasks += p.Loop.Len()
			}
			if collect {
				debug.FreeOSMemory()
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			slog.Info("report", "tasks", tasks, "sys_bytes", m.Sys, "heap_bytes", m.HeapAlloc, "stack_bytes", m.StackInuse, "collections", m.NumGC,
				"allocations", m.Mallocs)
			// Not Sleep: shutdown must not wait for the next report.
			err := t.Suspend(func(resume func()) {
				timer := time.AfterFunc(every, resume)
				t.OnDrain(func() {
					timer.Stop()
					resume()
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
