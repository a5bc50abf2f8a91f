// Package bufstrategytest checks that a strategy of package bufstrategy keeps the contract of
// bufstrategy.Buffer.
//
// A test of an implementation of your own is a [Target] and a call of [Run].
//
// With the feature [Sockets] it is also used for TCP connections over loopback, which are read and
// written in random pieces to the last byte and the end behind it, by code that waits only where
// Fill says Drained and Flush says Blocked. [Fixture].Serve puts them on a loop of your own.
package bufstrategytest

import (
	"context"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
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

const (
	// Poisons is the debug mode of Options.Poison. Without it, New with Options.Poison must say
	// errors.ErrUnsupported.
	Poisons Feature = "poison"

	// SharesMemory says that the buffers of a Fixture draw on memory with a bound of its own. It
	// needs Fixture.Exhaust.
	SharesMemory Feature = "shared-memory"

	// Copyless says that bytes which are committed, looked at by Segments and discarded are never
	// copied.
	Copyless Feature = "copyless"

	// Contiguous says that all that is free, and all that is unread, lies together, so that a View
	// never copies.
	Contiguous Feature = "contiguous"

	// Watches is Options.Watcher. Without it, New with Options.Watcher must say
	// errors.ErrUnsupported.
	Watches Feature = "watermark-callbacks"

	// Budgets is Options.Budget. Without it, New with Options.Budget must say
	// errors.ErrUnsupported.
	Budgets Feature = "budget"

	// Lends says that segments which somebody else owns can be lent to the buffers, as by
	// Kernel.Lend. It needs Fixture.Lend.
	Lends Feature = "lends"

	// HandsOver says that the unread bytes of one buffer can be handed to another, as by
	// Chain.MoveFrom. It needs Fixture.Move.
	HandsOver Feature = "hand-over"

	// Sockets says that cases may connect TCP sockets over loopback.
	Sockets Feature = "sockets"
)

// MaxLimitBytes is the largest Limit that a case asks for.
const MaxLimitBytes = 100_000

// Options is what a case asks of a buffer. Zero watermarks mean the defaults of
// bufstrategy.Options.
type Options struct {
	Limit, High, Low int
	Poison           bool
	Watcher          bufstrategy.Watcher
	Budget           *bufstrategy.MemoryBudget
	Lender           bufstrategy.Lender
	MaxLent          int
}

// Fixture makes the buffers of one case. Those that share memory with each other in production do
// so here.
type Fixture struct {
	New func(c Options) (bufstrategy.Buffer, error)

	// Exhaust makes memory shared by the buffers run out, until the function that it returns is
	// called. It may leave the bytes in existing buffers where they are. Needed for SharesMemory.
	Exhaust func() (restore func())

	// Move hands the unread bytes of src over to dst, and returns how many. Needed for HandsOver.
	Move func(dst, src bufstrategy.Buffer) int

	// Lend lends p, which belongs to the Lender of b, and reports whether b took it. Needed for
	// Lends.
	Lend func(b bufstrategy.Buffer, p []byte, id uint32) bool

	// Fill and Flush are those of package bufstrategy when nil.
	Fill  func(bufstrategy.Buffer, bufstrategy.TryReader, int) (bufstrategy.Outcome, int, error)
	Flush func(bufstrategy.Buffer, bufstrategy.TryWriter, int) (bufstrategy.Outcome, int, error)

	// Holds returns the most bytes of memory that a buffer of this Limit holds at any time, as its
	// documentation promises. nil promises nothing.
	Holds func(limit int) int

	// Serve owns s and calls step until that says Over, on a loop such as the buffers are for: at
	// once, then again when direction d of s is ready after Blocked, and without waiting for
	// anything but the turns of others after Again. It blocks its caller meanwhile, may be called
	// from several goroutines, and ends when the case hangs. nil is a goroutine that waits with
	// package stream/park.
	Serve func(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error

	// Volume is how many bytes the cases about sockets send for each size of buffer. Zero means
	// DefaultVolume.
	Volume int
}

// Run runs every case against target as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	suite.Run(t, "bufstrategy", Cases(), target)
}

// Check runs every case against target without a *testing.T.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target))
}

// Cases returns every case of the suite.
func Cases() []Case { return slices.Concat(bufferCases(), parserCases()) }

// bufferCases are about Buffer itself, Fill and Flush.
func bufferCases() []Case {
	return slices.Concat(spaceCases(), consumeCases(), viewCases(), lifetimeCases(), statsCases(), watermarkCases(), budgetCases(), lendCases(), modelCases(),
		fillCases(), shortReadCases(), urgentCases(), flushCases(), wrapCases(), restCases())
}

// open makes a buffer or ends the case.
func (f *Fixture) open(t T, c Options) bufstrategy.Buffer {
	t.Helper()
	b, err := f.New(c)
	if err != nil {
		t.Fatalf("new buffer of %+v: %v", c, err)
	}
	return b
}

func (f *Fixture) fill(b bufstrategy.Buffer, s bufstrategy.TryReader, budget int) (bufstrategy.Outcome, int, error) {
	if f.Fill != nil {
		return f.Fill(b, s, budget)
	}
	return bufstrategy.Fill(b, s, budget)
}

func (f *Fixture) flush(b bufstrategy.Buffer, s bufstrategy.TryWriter, budget int) (bufstrategy.Outcome, int, error) {
	if f.Flush != nil {
		return f.Flush(b, s, budget)
	}
	return bufstrategy.Flush(b, s, budget)
}
