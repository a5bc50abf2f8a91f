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
			Rule:   "MaxTurn asks for a watchdog: a goroutine while Run runs, which tells Stalled of each task, handler or posted function that holds the loop for longer.",
			Source: "a blocking call in a task stops all others, and nothing says which"},
	}
}

// holdLoop waits until the watchdog has reported a stall. It is a name to be found in a stack.
func holdLoop(t T, r *Fixture, reports <-chan sched.Stall) (s sched.Stall, ok bool) {
	timer := time.NewTimer(r.late())
	defer timer.Stop()
	select {
	case s = <-reports:
		return s, true
	case <-timer.C:
		t.Errorf("after %v Stalled was not called for what holds the loop", r.late())
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
		// On a busy machine others are slow enough to be told of.
		select {
		case told[s.Task] <- s:
		default:
		}
	}})
	r.do(t, name, func(task *sched.Task) error {
		// On a busy machine a turn may be reported before it comes to the function: then its next
		// one is.
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
	r.wait(t, held, "the handler goes on")
	r.on(t, func() { holdLoop(t, r, told["posted function"]) })
}
