package schedtest

import (
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

func watchdogCases() []Case {
	return []Case{
		{ID: "watchdog/names-the-task", Doc: "sched.Options.TurnMax", Run: watchdogNames,
			Rule:   "TurnMax asks for a watchdog: a goroutine while Run runs, which tells Stalled of each task, handler or posted function that holds the loop for longer.",
			Source: "a blocking call in a task stops all others, and nothing says which"},
	}
}

// holdLoop waits until the watchdog has spoken. It is a name to be found in a stack.
func holdLoop(t T, r *Fixture, spoken <-chan sched.Stall) sched.Stall {
	timer := time.NewTimer(r.patience / 2)
	defer timer.Stop()
	select {
	case s := <-spoken:
		return s
	case <-timer.C:
		t.Errorf("nobody was told of what holds the loop")
		return sched.Stall{Stack: []byte("holdLoop")}
	}
}

func watchdogNames(t T, r *Fixture) {
	const name, tries = "holds the loop", 10
	told := map[string]chan sched.Stall{}
	for _, n := range []string{name, "handler", "posted function"} {
		told[n] = make(chan sched.Stall, 1)
	}
	r.start(t, sched.Options{TurnMax: time.Millisecond, Stalled: func(s sched.Stall) {
		// On a busy machine others are slow enough to be told of.
		select {
		case told[s.Task] <- s:
		default:
		}
	}})
	r.do(t, name, func(task *sched.Task) error {
		// It may have been told of before it came to the function: then of its next turn.
		for range tries {
			if strings.Contains(string(holdLoop(t, r, told[name]).Stack), "holdLoop") {
				return nil
			}
			_ = task.Yield()
		}
		t.Errorf("the stacks do not name the function that holds the loop")
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
