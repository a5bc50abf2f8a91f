package schedtest

import (
	"context"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// T is the part of testing.TB that cases and targets use.
type T = suite.T

// Case is one rule of the contract and the function that enforces it.
type Case = suite.Case[*Fixture]

// Feature names something that a target may lack.
type Feature = suite.Feature

// Waiver is a known deviation of a target.
type Waiver = suite.Waiver

// Violation is a case that failed. It implements error.
type Violation = suite.Violation

// The features.
const (
	SeveralLoops   Feature = "several loops"
	InTurn         Feature = "in turn"         // new tasks are placed on its loops in turn
	SeveralWorkers Feature = "several workers" // tasks of one loop run at the same time
	OneQueue       Feature = "one queue"       // its workers wait in one queue
	OneShots       Feature = "one shots"       // its queues are used in mode OneShot
	InOrder        Feature = "in order"        // ready tasks of a loop run in the order in which they become ready
	Signals        Feature = "signals"         // the system has signals that interrupt system calls
	Transfers      Feature = "transfers"       // operations of its queues move the bytes of connections
	// Each read of a connection that the peer has reset returns an error. Wine returns the end of
	// the stream to some, because its server takes SO_ERROR when it polls.
	ResetErrors Feature = "reset errors"
)

// Target is a scheduler and the features that it claims.
type Target struct {
	Name     string
	Features []Feature
	Waivers  []Waiver

	// Open makes a scheduler with o over queues that have passed through wrap, without running it.
	// The target sets o.Mode.
	Open func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error)

	// OpenPoller opens the queue of the poller with which goroutines wait, and returns its mode. If
	// it is nil, the queue is that of auto, in mode Edge.
	OpenPoller func() (queue.Queue, queue.Mode, error)

	alter func(*operations) // set by mutants and controls
}

// Run runs every case as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	suite.Run(t, "sched", Cases(), target.suite())
}

// Check runs every case without a testing.T and returns a Violation per failed case.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target.suite()))
}

func (target Target) suite() suite.Target[*Fixture] {
	return suite.Target[*Fixture]{
		Name: target.Name, Features: target.Features, Waivers: target.Waivers,
		Open: func(t T) (*Fixture, error) {
			r := &Fixture{open: target.Open, openPoller: target.OpenPoller, ops: honest(), patience: t.Patience(), ordered: slices.Contains(target.Features, InOrder),
				transfers: slices.Contains(target.Features, Transfers)}
			if target.alter != nil {
				target.alter(&r.ops)
				r.altered = true
			}
			t.Cleanup(func() { r.closeHandles(t) })
			return r, nil
		},
	}
}

// Cases returns every case of the suite.
func Cases() []Case {
	return slices.Concat(taskCases(), cancelCases(), awaitCases(), postCases(), timeCases(), fairnessCases(),
		waiterCases(taskForm), waiterCases(goroutineForm), readinessCases(), handlerCases(), drainCases(), runCases(),
		joinCases(), mutexCases(), chanCases(), bridgeCases(), blockingCases(), watchdogCases(), workersCases(), inFlightCases(),
		metricsCases(), budgetCases(), callerCases(), urgentCases(), transferCases(), transferEndCases())
}
