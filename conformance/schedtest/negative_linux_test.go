package schedtest

import (
	"slices"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

// mutant is a loop on epoll with one operation altered, which the cases in detects must report.
func mutant(name string, alter func(*operations), detects string) suite.Mutant[*Fixture] {
	return mutantOf(single("epoll", openEpoll, queue.Edge), name, alter, detects)
}

func mutantOf(target Target, name string, alter func(*operations), detects string) suite.Mutant[*Fixture] {
	target.Name, target.alter = name, alter
	return suite.Mutant[*Fixture]{Name: name, Target: target.suite(), Detects: detects}
}

func TestEveryCaseCanFail(t *testing.T) {
	mutants := slices.Concat(taskMutants(), timeMutants(), postMutants(), waiterMutants(taskForm), waiterMutants(goroutineForm),
		queueMutants(), handlerMutants(), endMutants(), joinMutants(), mutexMutants(), chanMutants(), bridgeMutants(),
		blockingMutants(), watchdogMutants(), workersMutants(), inFlightMutants(), metricsMutants(), budgetMutants(), callerMutants(), urgentMutants(),
		transferMutants(), transferEndMutants())
	suite.Prove(t, suite.Proof[*Fixture]{Cases: Cases(), Mutants: mutants, Controls: controls(), Detections: "testdata/detections.txt"})
}

// controls are odd but legal.
func controls() []suite.Target[*Fixture] {
	var all []suite.Target[*Fixture]
	add := func(name string, mode queue.Mode, wrap func(q queue.Queue) queue.Queue) {
		target := single("epoll", openEpoll, mode)
		target.Name, target.alter = name+" "+mode.String(), func(o *operations) { o.queue = wrap }
		all = append(all, target.suite())
	}
	for _, mode := range modes {
		add("spurious events", mode, spuriousEvents)
		add("events of ended registrations", mode, func(q queue.Queue) queue.Queue { return newStaleQueue(q, false) })
	}
	add("slow", queue.Level, func(q queue.Queue) queue.Queue {
		return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
			n, err := q.Wait(events, timeout)
			for begun := time.Now(); time.Since(begun) < 50*time.Microsecond; {
				continue
			}
			return n, err
		}}
	})
	add("reversed events", queue.Edge, func(q queue.Queue) queue.Queue {
		return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
			n, err := q.Wait(events, timeout)
			slices.Reverse(events[:n])
			return n, err
		}}
	})
	add("one event at a time", queue.OneShot, func(q queue.Queue) queue.Queue {
		return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
			return q.Wait(events[:1], timeout)
		}}
	})
	add("waits that end early", queue.Edge, func(q queue.Queue) queue.Queue {
		return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
			return q.Wait(events, min(bounded(timeout), 3*time.Millisecond))
		}}
	})
	moved := completing(mechanism{"epoll", openEpoll}, single, queue.Edge)
	moved.Name, moved.alter = "spurious events of a loop that transfers", func(o *operations) { o.queue = spuriousOperations }
	return append(all, moved.suite())
}

// bounded replaces an unlimited wait with the latest possible time.
func bounded(timeout time.Duration) time.Duration {
	if timeout < 0 {
		return time.Hour
	}
	return timeout
}

// spuriousOperations is spuriousEvents for a queue.Completer. A completion is never repeated.
func spuriousOperations(q queue.Queue) queue.Queue {
	c, ok := q.(queue.Completer)
	if !ok {
		return spuriousEvents(q) // that of a poller
	}
	return struct {
		queue.Queue
		operator
	}{spuriousEvents(q), c}
}

// spuriousEvents repeats an event now and then.
func spuriousEvents(q queue.Queue) queue.Queue {
	var last queue.Event
	seen, waits := false, 0
	return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
		n, err := q.Wait(events, timeout)
		waits++
		if seen && waits%64 == 0 && n < len(events) {
			last.Disarmed = queue.None
			events[n] = last
			n++
		} else if n > 0 && events[n-1].Completion == 0 {
			last, seen = events[n-1], true
		}
		return n, err
	}}
}
