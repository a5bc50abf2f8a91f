// Package queuetest enforces the contract of package queue on any implementation of [queue.Queue].
//
// Call [Run] from a test of the implementation, or [Check] without a test. The cases use the
// sockets of package sys, on loopback and in pairs, and other handles if the system has them. They
// allow what the contract allows: spurious, split, merged and reordered events.
//
// If the queue is a [queue.Completer], the cases of its operations run as well. [Catalogue] lists
// which known defects they cover.
//
// The cases measure no time. They wait with patience for an event that is due, and use a fence for
// an event that must not happen. A slow machine therefore makes no case fail.
package queuetest

import (
	"context"
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

// Contract is the name of the contract in summaries.
const Contract = "queue"

// These types are those of the suite runner.
type (
	T         = suite.T
	Case      = suite.Case[*Fixture]
	Waiver    = suite.Waiver
	Result    = suite.Result
	Violation = suite.Violation
)

// The features that cases need, named after the fields of [queue.Features].
const (
	Exclusive suite.Feature = "exclusive"
	Nested    suite.Feature = "nested"
	PeerShut  suite.Feature = "peer-shut"
	// SeveralWaiters is what every queue has, unless its options promise that only one goroutine
	// calls Wait.
	SeveralWaiters suite.Feature = "several-waiters"
	// EmulatedEdge is the lack of NativeEdge.
	EmulatedEdge suite.Feature = "emulated-edge"
)

// Target is an implementation and the features that it claims.
type Target struct {
	Name     string
	Features queue.Features              // must be what Queue.Features returns
	Open     func() (queue.Queue, error) // opens a new queue; called once per case, and more often by cases that need several
	// OpenBounded opens a queue that holds bound operations in flight. It may round the bound up,
	// but not beyond 64. If it is nil, or the queue is no Completer, the cases of ErrFull are not
	// applicable.
	OpenBounded func(bound int) (queue.Queue, error)
	Waivers     []Waiver
	// OneWaiter excludes the cases of several Waits at once, for a queue whose options promise that
	// only one goroutine calls Wait.
	OneWaiter bool
	// Seed makes the random case repeatable. If it is zero, the case draws a seed and logs it.
	Seed uint64
}

// Run runs every case as a subtest of t. If Open returns [queue.ErrUnavailable] or
// [errors.ErrUnsupported], Run skips all cases and gives the reason in the summary line. This
// system then lacks the mechanism or denies it to the process.
func Run(t *testing.T, target Target) {
	t.Helper()
	if err := target.available(); err != nil {
		suite.Unavailable(t, Contract, target.Name, err)
	}
	suite.Run(t, Contract, Cases(), target.suite())
}

// Check runs every case without a *testing.T and returns the violations.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target.suite()))
}

// available returns the reason why the system has no such queue, or nil. It leaves any other
// failure to open to the cases.
func (target Target) available() error {
	q, err := target.Open()
	if errors.Is(err, queue.ErrUnavailable) || errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err == nil {
		return q.Close()
	}
	return nil
}

// completes reports whether the queues of target are Completers. No feature claims it.
func (target Target) completes() bool {
	q, err := target.Open()
	if err != nil {
		return false // the cases report it
	}
	_, ok := q.(queue.Completer)
	_ = q.Close()
	return ok
}

func (target Target) suite() suite.Target[*Fixture] {
	s := suite.Target[*Fixture]{Name: target.Name, Waivers: target.Waivers, Open: func(t T) (*Fixture, error) { return open(t, target) }}
	for f, claimed := range map[suite.Feature]bool{
		Exclusive: target.Features.Exclusive, Nested: target.Features.Nested, PeerShut: target.Features.PeerShut,
		Urgent: target.Features.Urgent, SeveralWaiters: !target.OneWaiter, EmulatedEdge: !target.Features.NativeEdge,
	} {
		if claimed {
			s.Features = append(s.Features, f)
		}
	}
	if target.completes() {
		s.Features = append(s.Features, Completions)
		if target.OpenBounded != nil {
			s.Features = append(s.Features, Bounded)
		}
	}
	s.Features = append(s.Features, systemFeatures()...)
	return s
}

// Cases returns the cases in the order in which they run.
func Cases() []Case {
	var cases []Case
	for _, group := range [][]Case{
		registrationCases(), modeCases(), edgeCases(), oneShotCases(), deleteCases(),
		waitCases(), wakeCases(), closeCases(), waiterCases(), loadCases(), featureCases(), foreignCases(), pollableCases(), modelCases(), urgentCases(),
		completionRecvCases(), completionSendCases(), completionAcceptCases(), completionPollCases(),
		completionCancelCases(), completionChainCases(), completionSubmitCases(), completionTurnCases(), completionBufferCases(), completionBufferBoundCases(), completionBulkCases(),
		completionCloseCases(), completionExactlyOnceCases(), completionGarbageCases(), completionMemoryCases(),
	} {
		cases = append(cases, group...)
	}
	return cases
}

// modes are the values of the mode axis: a case that holds in every mode runs in each.
var modes = [...]queue.Mode{queue.Level, queue.Edge, queue.OneShot}

// perMode expands c into a case per mode, with the mode as a prefix of its identifier.
func perMode(c Case, run func(t T, f *Fixture, m queue.Mode)) []Case {
	var cases []Case
	for _, m := range modes {
		one := c
		one.ID = m.String() + "/" + c.ID
		one.Run = func(t T, f *Fixture) { run(t, f, m) }
		cases = append(cases, one)
	}
	return cases
}
