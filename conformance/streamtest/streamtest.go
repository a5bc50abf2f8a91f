// Package streamtest is the conformance suite of package stream. It tests a stream.Waiter, and the
// sockets, connections, datagram connections, listeners and dialers of package stream over it.
//
// A test of a Waiter consists of a [Target], a call of [Run], and a second test that calls
// [RunChild]:
//
//	func target() streamtest.Target {
//		features := []streamtest.Feature{streamtest.Turns}
//		open := func(t streamtest.T) (*streamtest.Fixture, error) {
//			start := func(_ string, f func()) { go f() }
//			return &streamtest.Fixture{Waiter: mine.New(), Go: start, Child: "RunChild"}, nil
//		}
//		return streamtest.Target{Name: "mine", Features: features, Open: open}
//	}
//	func TestMine(t *testing.T)  { streamtest.Run(t, target()) }
//	func RunChild(t *testing.T) { streamtest.RunChild(t, target()) }
package streamtest

import (
	"context"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// The types that all suites have in common.
type (
	T         = suite.T
	Case      = suite.Case[*Fixture]
	Target    = suite.Target[*Fixture]
	Waiver    = suite.Waiver
	Violation = suite.Violation
	Feature   = suite.Feature
)

// Fixture is the Waiter of one case.
type Fixture struct {
	Waiter stream.Waiter

	// Go runs f where Wait may be called, on a goroutine or as a task of a loop. f runs
	// concurrently with its caller and with other calls. Go returns at once. Any goroutine outside
	// the loop may call it. Except for waits through Waiter, f does not block.
	Go func(name string, f func())

	// Handle is for a target that claims Handlers. It starts a handler for h, and step is called
	// as sched.Handler.Step is. While step returns false, the handler waits in direction wait. Then
	// end is called once, as sched.Handler.End is, and also if the handler ends otherwise. Any
	// goroutine outside the loop may call Handle.
	Handle func(h sys.Handle, step func(task HandlerTask) (wait sys.Direction, done bool), end func()) error

	// Child is the name of the test that calls RunChild. Cases about descriptors run in a process
	// of their own.
	Child string

	parts parts
}

// HandlerTask is the view that a handler has of its loop. sched.HandlerTask implements it.
type HandlerTask interface {
	stream.Transferrer
	ShortReadDrains() bool
}

// Run runs every case against target as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	suite.Run(t, "stream", Cases(), target)
}

// Check runs every case against target without a *testing.T, and returns a Violation per failed
// case.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target))
}

// Cases returns every case of the suite.
func Cases() []Case {
	return slices.Concat(waiterCases(), selectCases(), socketCases(), connectCases(), dialCases(), transferCases(), transferrerCases(), endCases(), deadlineCases(),
		closeCases(), acceptCases(), turnCases(), unixCases(), adoptCases(),
		outcomeCases(), raceCases(),
		writeQueueCases(),
		packetCases(), packetBatchCases(), packetPeerCases(), packetEndCases(), packetUnixCases(),
		unixPathCases(), asNetCases(), scarceCases(),
		packetAdoptCases(), packetNetCases(), packetControlCases(), packetRightsCases(), listenConfigCases(), errorCases(), dialOptionCases(), unixOptionCases(), multipathCases(), inheritCases(),
		tlsCases(), tlsSocketCases(),
		copyCases(), acceptLoopsCases(), endBothCases(),
		shareCases(), pollableCases(), lostFlagCases(), urgentCases(), vainCases(),
		linkCases(sourceLinks), linkCases(handlerLinks),
	)
}
