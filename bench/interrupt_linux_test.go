package main

import (
	"testing"

	"github.com/edgewise-go/edgewise/bench/internal/benchtest"
	"github.com/edgewise-go/edgewise/bench/interrupt"
)

func TestTransfersSurviveInterruption(t *testing.T) {
	for _, kind := range []interrupt.Kind{interrupt.Storm, interrupt.Tiny, interrupt.Proxy} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			out := succeed(t, "interrupt", "--transfers", "60", "--bytes", "20000", "--kinds", string(kind))
			for _, mechanism := range queues(t) {
				needRows(t, out, string(kind)+" "+mechanism)
			}
		})
	}
}

// Each error meets each mechanism, each mode and both forms, but not in all combinations: a run
// needs a process under strace.
func TestTransfersSurviveErrorsOfSystemCalls(t *testing.T) {
	benchtest.Need(t, "strace")
	modes, tasks := []string{"level", "edge", "oneshot"}, []string{"coroutine", "handler"}
	for i, errno := range interrupt.Errnos() {
		t.Run(errno, func(t *testing.T) {
			t.Parallel()
			for j, mechanism := range queues(t) {
				succeed(t, "interrupt", "--kinds", "inject", "--errno", errno, "--queue", mechanism, "--mode", modes[(i+j)%len(modes)],
					"--task", tasks[(i+j)%len(tasks)], "--transfers", "20", "--flight", "8", "--bytes", "20000")
			}
		})
	}
}
