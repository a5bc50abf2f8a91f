package memory

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"
)

// Log logs the line that process.Report is read from, after it has freed all memory that can be
// freed.
func Log(tasks int) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	slog.Info("report", "tasks", tasks, "sys_bytes", m.Sys, "heap_bytes", m.HeapAlloc, "stack_bytes", m.StackInuse, "collections", m.NumGC,
		"allocations", m.Mallocs)
}

// LogEvery calls Log at an interval, and does not return.
func LogEvery(every time.Duration, tasks func() int) {
	for range time.Tick(every) {
		Log(tasks())
	}
}
