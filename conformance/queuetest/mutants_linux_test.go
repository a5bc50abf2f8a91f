package queuetest

import (
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/conformance/queuefault"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestEveryCaseCanFail(t *testing.T) {
	var mutants []suite.Mutant[*Fixture]
	for _, group := range [][]mutant{registrationMutants(), modeMutants(), waitingMutants(), kindMutants(), pollableMutants(), urgentMutants()} {
		for _, m := range group {
			mutants = append(mutants, suite.Mutant[*Fixture]{Name: m.name, Target: mutate(m.name, m.change), Detects: m.detects})
		}
	}
	for _, m := range pollMutants() {
		mutants = append(mutants, suite.Mutant[*Fixture]{Name: m.name, Target: mutatePoll(m.name, m.change), Detects: m.detects})
	}
	for _, m := range []struct {
		name    string
		faults  queuefault.Faults
		detects string
	}{
		{"events are dropped", queuefault.Drop, "model/random"},
		{"one-shot comes again", queuefault.Duplicate, "model/random"},
		{"deleted registrations are reported", queuefault.Stale, "delete/number-reused"},
	} {
		target := withFaults(epollTarget("eventfd"), m.faults)
		target.Name = m.name
		mutants = append(mutants, suite.Mutant[*Fixture]{Name: m.name, Target: target.suite(), Detects: m.detects})
	}
	mutants = append(mutants, completionMutants()...)
	suite.Prove(t, suite.Proof[*Fixture]{Cases: Cases(), Mutants: mutants, Controls: controls(), Detections: "testdata/detections.txt"})
}

// controls are odd but legal. TestLegalFaults has more of them.
func controls() []suite.Target[*Fixture] {
	return []suite.Target[*Fixture]{
		mutate("nothing changed", func(*faulty) {}),
		mutate("split", split),
		mutate("spurious", spurious),
		mutatePoll("edges only after would-block", func(*faulty) {}),
		mutateCompletion("operations unchanged", func(*faultyCompleter) {}),
	}
}

// split reports each direction in its own event if the slice has room.
func split(q *faulty) {
	// Guarded by mu, like everything that the function touches. Never longer than the slice of a
	// Wait here.
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

// spurious reports each registration in modes Level and Edge once without a cause.
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
