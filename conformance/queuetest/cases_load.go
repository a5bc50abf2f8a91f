package queuetest

import (
	"github.com/edgewise-go/edgewise/queue"
)

func loadCases() []Case {
	return append(perMode(Case{
		ID: "exactly-once", Doc: "queue.Queue.Wait", Rule: "A registration in mode Edge or OneShot is reported by one Wait per transition, regardless of how many are waiting. No transition is lost in any mode.",
		Source: "mio#673, mio#808, mio#1341, epoll(7)",
	}, exactlyOnce), Case{
		ID: "delete/reuse", Doc: "queue.Queue.Delete", Rule: "No Wait that starts after Delete has returned reports h, even if the number of h is used again.",
		Source: "netty#15150, gnet#621, mio#1205", Run: reuse,
	})
}

func exactlyOnce(t T, f *Fixture, m queue.Mode) {
	load := Load{Mode: m, Waiters: 4, Sources: 16, Transitions: 1000, Patience: f.patience}
	got, err := ExactlyOnce(f, load)
	must(t, err)
	if got.Lost > 0 {
		t.Errorf("%v", got)
	}
	// Events may be spurious, but not one per transition. A direction that is switched off has
	// none.
	if m == queue.OneShot && got.Twice > 0 || m != queue.Level && got.Spurious+got.Twice > int64(load.Transitions)/10 {
		t.Errorf("%v", got)
	}
}

func reuse(t T, f *Fixture) {
	got, err := Reuse(f, ReuseLoad{Waiters: 4, Owners: 2, Cycles: 150, Patience: f.patience})
	must(t, err)
	if got.Stale > 0 || got.Lost > 0 {
		t.Errorf("%v", got)
	}
}
