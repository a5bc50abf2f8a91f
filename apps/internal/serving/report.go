package serving

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/edgewise-go/edgewise"
)

// Report logs periodically, until ctx is done, how many tasks the loops have and how much memory Go
// has taken from the system. If collect is set, it first frees all memory that can be freed. That
// takes time, but leaves only memory in use.
func Report(ctx context.Context, stack *edgewise.Stack, every time.Duration, collect bool) {
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		tasks := 0
		for _, l := range stack.Scheduler().Loops() {
			tasks += l.Len()
		}
		if collect {
			debug.FreeOSMemory()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		slog.Info("report", "tasks", tasks, "sys_bytes", m.Sys, "heap_bytes", m.HeapAlloc, "stack_bytes", m.StackInuse, "collections", m.NumGC,
			"allocations", m.Mallocs)
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
	}
}
