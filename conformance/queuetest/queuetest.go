// Package queuetest enforces the contract of package queue on any implementation of [queue.Queue].
//
// Call [Run] from a test of the implementation, or [Check] without one. The cases use sockets of
// package sys, on loopback and in pairs, and other handles where the system has them, and allow
// what the contract allows: spurious, split, merged and reordered events. They measure no time:
// what must happen is waited for with patience, what must not is looked for behind a fence, so that
// a slow machine makes no case fail.
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

// Names of the suite runner.
type (
	T         = suite.T
	Case      = suite.Case[*Fixture]
	Waiver    = suite.Waiver
	Result    = suite.Result
	Violation = suite.Violation
)

// The features that cases need, after the fields of [queue.Features].
const (
	Exclusive suite.Feature = "exclusive"
	Nested    suite.Feature = "nested"
	PeerShut  suite.Feature = "peer-shut"
)

// Target is an implementation and what it claims.
type Target struct {
	Name     string
	Features queue.Features              // must be what Queue.Features returns
	Open     func() (queue.Queue, error) // makes a new queue; called once a case, and more often by cases that need several
	Waivers  []Waiver
	// Seed makes the random case repeat itself. Zero draws one, which the case logs.
	Seed uint64
}

// Run runs every case as a subtest of t. It skips all of them, and says so in the line of the
// summary, if Open answers [queue.ErrUnavailable] or [errors.ErrUnsupported]: this system does not
// have the mechanism, or does not let the process use it.
func Run(t *testing.T, target Target) {
	t.Helper()
	if err := target.available(); err != nil {
		suite.Unavailable(t, Contract, target.Name, err)
	}
	suite.Run(t, Contract, Cases(), target.suite())
}

// Check runs every case without a *testing.T and returns those that failed.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target.suite()))
}

// available returns the reason why the system has no such queue, or nil. Any other failure to open
// is left to the cases.
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

func (target Target) suite() suite.Target[*Fixture] {
	s := suite.Target[*Fixture]{Name: target.Name, Waivers: target.Waivers, Open: func(t T) (*Fixture, error) { return open(t, target) }}
	for f, claimed := range map[suite.Feature]bool{
		Exclusive: target.Features.Exclusive, Nested: target.Features.Nested, PeerShut: target.Features.PeerShut,
		Urgent: target.Features.Urgent,
	} {
		if claimed {
			s.Features = append(s.Features, f)
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
	} {
		cases = append(cases, group...)
	}
	return cases
}

// modes are the values of an axis: a case that holds in every mode is run in each.
var modes = [...]queue.Mode{queue.Level, queue.Edge, queue.OneShot}

// perMode makes a case of c for each mode, with the mode in front of its name.
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
