package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/bench/interrupt"
	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/edgewise-go/edgewise/queue"
)

func TestTransfersSurviveInterruption(t *testing.T) {
	for _, kind := range []interrupt.Kind{interrupt.Storm, interrupt.Tiny, interrupt.Proxy} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			out := succeed(t, "interrupt", "-transfers", "60", "-bytes", "20000", "-kinds", string(kind))
			for _, mechanism := range apptest.Queues(t) {
				if !strings.Contains(out, mechanism) {
					t.Errorf("got no row of %s:\n%s", mechanism, out)
				}
			}
		})
	}
}

// Each error meets each mechanism, each mode and both forms, but not in all combinations: a run
// needs a process under strace.
func TestTransfersSurviveErrorsOfSystemCalls(t *testing.T) {
	apptest.Need(t, "strace")
	modes, tasks := []string{"level", "edge", "oneshot"}, []string{"coroutine", "handler"}
	for i, errno := range errnos {
		t.Run(errno, func(t *testing.T) {
			t.Parallel()
			for j, mechanism := range apptest.Queues(t) {
				succeed(t, "interrupt", "-kinds", "inject", "-errno", errno, "-queue", mechanism, "-mode", modes[(i+j)%len(modes)],
					"-task", tasks[(i+j)%len(tasks)], "-transfers", "20", "-flight", "8", "-bytes", "20000")
			}
		})
	}
}

func TestEveryErrorIsInjectedSomewhere(t *testing.T) {
	for _, errno := range errnos {
		for _, mechanism := range []string{"epoll", "iouring", "poll"} {
			for _, mode := range queueModes {
				all := injections(errno, mechanism, mode, true)
				if len(all) == 0 {
					t.Errorf("%s, %s, mode %v: got nothing to inject", errno, mechanism, mode)
				}
				starved := false // of memory, in the wait
				for _, i := range all {
					if errno == "EAGAIN" && slices.Contains(i.calls, "io_uring_enter") {
						starved = true
					}
					if errno == "EAGAIN" && mode == queue.Edge && strings.Contains(strings.Join(i.calls, " "), "recv") {
						t.Errorf("%s: a false would-block is injected although edges are native", mechanism)
					}
				}
				if want := errno == "EAGAIN" && mechanism == "iouring"; starved != want {
					t.Errorf("%s, %s, mode %v: the wait is out of memory: got %v, want %v", errno, mechanism, mode, starved, want)
				}
			}
		}
	}
}

func TestInterruptIsMisused(t *testing.T) {
	program.CheckMisuse(t, []apptest.Misuse{
		{Args: []string{"interrupt", "-x"}, Code: 2, Says: "-x"},
		{Args: []string{"interrupt", "extra"}, Code: 2, Says: `"extra"`},
		{Args: []string{"interrupt", "-kinds", "x"}, Code: 2, Says: "-kinds x"},
		{Args: []string{"interrupt", "-queue", "x"}, Code: 2, Says: "-queue x"},
		{Args: []string{"interrupt", "-mode", "x"}, Code: 2, Says: "nothing to run"},
		{Args: []string{"interrupt", "-transfers", "0"}, Code: 2, Says: "more than 0"},
	})
	program.CheckHelp(t, "interrupt", "-h")
}
