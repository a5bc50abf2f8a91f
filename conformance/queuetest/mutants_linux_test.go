package queuetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// racing are cases whose goroutines race: beside the mutants that they must report, they may report others or not.
var racing = []string{
	"close/races", "delete/reuse", "delete/while-waiting", "edge/exactly-once", "level/exactly-once", "modify/while-waiting", "oneshot/exactly-once",
	"wake/never-lost", "waiters/all-served", "waiters/edge", "waiters/oneshot",
}

func TestEveryCaseCanFail(t *testing.T) {
	var mutants []suite.Mutant[*Fixture]
	for _, group := range [][]mutant{registrationMutants(), modeMutants(), waitingMutants(), kindMutants()} {
		for _, m := range group {
			mutants = append(mutants, suite.Mutant[*Fixture]{Name: m.name, Target: mutate(m.name, m.change), Caught: m.caught, Chance: racing})
		}
	}
	for _, m := range pollMutants() {
		mutants = append(mutants, suite.Mutant[*Fixture]{Name: m.name, Target: mutatePoll(m.name, m.change), Caught: m.caught, Chance: racing})
	}
	suite.Prove(t, Cases(), mutants, controls())
}

// controls are odd and legal.
func controls() []suite.Target[*Fixture] {
	return []suite.Target[*Fixture]{
		mutate("nothing changed", func(*faulty) {}),
		mutate("reordered", func(q *faulty) {
			q.events = func(events []queue.Event) []queue.Event {
				slices.Reverse(events)
				return events
			}
		}),
		mutate("split", split),
		mutate("spurious", spurious),
		mutate("slow", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				_, _ = sys.Poll([]sys.PollFD{{Fd: -1}}, time.Millisecond)
				return n, err
			}
		}),
		mutatePoll("edges only after would-block", func(*faulty) {}),
	}
}

// split reports each direction in an event of its own, if there is room.
func split(q *faulty) {
	// Guarded by mu, like all that the function touches; never longer than a Wait's slice here.
	halves := make([]queue.Event, 0, 2*eventsMax)
	q.events = func(events []queue.Event) []queue.Event {
		if cap(events) < 2*len(events) {
			return events
		}
		halves = halves[:0]
		for _, e := range events {
			for _, d := range []queue.Interest{queue.Readable, queue.Writable} {
				half := e
				half.Ready &^= queue.Ready(queue.Both &^ d)
				half.Disarmed &= d
				if half.Ready.Directions() != queue.None {
					halves = append(halves, half)
				}
			}
		}
		return halves
	}
}

// spurious reports each registration in modes Level and Edge once although nothing has happened.
func spurious(q *faulty) {
	var mu sync.Mutex
	announced := map[queue.Token]bool{}
	q.add = func(h sys.Handle, r queue.Registration) error {
		err := q.reallyAdd(h, r)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && r.Mode != queue.OneShot && r.Interest != queue.None && !announced[r.Token] {
			announced[r.Token] = true
			q.mu.Lock()
			q.stash = append(q.stash, queue.Event{Token: r.Token, Ready: queue.Ready(r.Interest)})
			q.mu.Unlock()
		}
		return err
	}
}
