package sched

import (
	"testing"
	"time"
)

func TestTheWatchdogTellsOfATurnOnce(t *testing.T) {
	told := 0
	const limit = time.Second
	w := &watchdog{limit: limit, stalled: func(s Stall) {
		told++
		if s.Task != "a" {
			t.Errorf("Stall.Task: got %q, want a", s.Task)
		}
	}}
	a, b := &holder{name: "a"}, &holder{name: "b"}
	now := time.Now()
	look := func(want int) {
		t.Helper()
		w.look(now)
		now = now.Add(limit)
		if told != want {
			t.Fatalf("got %d reported turns, want %d", told, want)
		}
	}
	for range 3 {
		look(0) // the loop waits
	}
	for range 3 {
		w.enter(a) // repeatedly, each time briefly
		look(0)
	}
	w.enter(b)
	look(0)
	w.enter(nil)
	look(0)
	w.enter(a)
	look(0)
	now = now.Add(-limit / 2) // a look soon after another
	look(0)
	look(1)
	look(1)
	w.enter(a)
	look(1)
	look(2)
}
