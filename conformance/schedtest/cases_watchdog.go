package schedtest

import (
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

func watchdogCases() []Case {
	return []Case{
		{ID: "watchdog/names-the-task", Doc: "sched.Options.MaxTurn", Run: watchdogNames,
			Rule:   "MaxTurn asks for a watchdog: a goroutine that runs while Run does, and calls Stalled for each task, handler or posted function that holds the loop for longer.",
			Source: "a blocking call in a task stops all others, and nothing identifies it"},
	}
}

// holdLoop waits until the watchdog has reported a stall. The case looks for its name in a stack.
func holdLoop(t T, r *Fixture, reports <-chan sched.Stall) (s sched.Stall, ok bool) {
	timer := time.NewTimer(r.late())
	defer timer.Stop()
	select {
	case s = <-reports:
		return s, true
	case <-timer.C:
		t.Errorf("after %v Stalled was not called for the function that holds the loop", r.late())
		return s, false
	}
}

func watchdogNames(t T, r *Fixture) {
	const name = "holds the loop"
	told := map[string]chan sched.Stall{}
	for _, n := range []string{name, "handler", "posted function"} {
		told[n] = make(chan sched.Stall, 1)
	}
	r.start(t, sched.Options{MaxTurn: time.Millisecond, Stalled: func(s sched.Stall) {
		// On a busy machine, other turns are slow enough to be reported.
		select {
		case told[s.Task] <- s:
		default:
		}
	}})
	r.do(t, name, func(task *sched.Task) error {
		// On a busy machine, a turn may be reported before it reaches the function. The next turn
		// is then reported.
		r.keeps(t, "a stack names the function that holds the loop", func() bool {
			s, ok := holdLoop(t, r, told[name])
			if !ok || strings.Contains(string(s.Stack), "holdLoop") {
				return false
			}
			_ = task.Yield()
			return true
		})
		return nil
	})
	a, _ := r.pair(t)
	held := make(chan struct{})
	var once sync.Once
	r.handle(t, a, newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		once.Do(func() {
			defer close(held)
			holdLoop(t, r, told["handler"])
		})
		return sched.Done(nil)
	}))
	r.wait(t, held, "the handler continues")
	r.on(t, func() { holdLoop(t, r, told["posted function"]) })
}
