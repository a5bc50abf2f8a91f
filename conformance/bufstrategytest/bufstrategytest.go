// Package bufstrategytest is the conformance suite of package bufstrategy. It checks that a
// strategy keeps the contract of bufstrategy.Buffer.
//
// A test of an implementation consists of a [Target] and a call of [Run].
//
// With the feature [Sockets], the suite also uses the strategy for TCP connections over loopback.
// It reads and writes them in random pieces, to the last byte and the end of the stream. It waits
// only where Fill reports Drained and Flush reports Blocked. [Fixture].Serve can run the
// connections on any loop.
package bufstrategytest

import (
	"context"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
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
	// Poisons is the debug mode of Options.Poison. Without it, New with Options.Poison must return
	// errors.ErrUnsupported.
	Poisons Feature = "poison"

	// SharesMemory is claimed if the buffers of a Fixture draw on bounded shared memory. It needs
	// Fixture.Exhaust.
	SharesMemory Feature = "shared-memory"

	// Copyless is claimed if bytes that are committed, read through Segments and discarded are
	// never copied.
	Copyless Feature = "copyless"

	// Contiguous is claimed if the free room and the unread bytes are each contiguous, so a View
	// never copies.
	Contiguous Feature = "contiguous"

	// Watches is Options.Watcher. Without it, New with Options.Watcher must return
	// errors.ErrUnsupported.
	Watches Feature = "watermark-callbacks"

	// Budgets is Options.Budget. Without it, New with Options.Budget must return
	// errors.ErrUnsupported.
	Budgets Feature = "budget"

	// Lends is claimed if the buffers accept segments of another owner, as Kernel.Lend does. It
	// needs Fixture.Lend.
	Lends Feature = "lends"

	// HandsOver is claimed if the unread bytes of one buffer can be moved to another, as
	// Chain.MoveFrom does. It needs Fixture.Move.
	HandsOver Feature = "hand-over"

	// Sockets is claimed if cases may connect TCP sockets over loopback.
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
	Budget           *memory.Budget
	Lender           bufstrategy.Lender
	MaxLent          int
}

// Fixture makes the buffers of one case. Buffers that share memory in production also share it
// here.
type Fixture struct {
	New func(c Options) (bufstrategy.Buffer, error)

	// Exhaust makes the shared memory of the buffers run out until the returned function is called.
	// It may leave the bytes in existing buffers in place. SharesMemory needs it.
	Exhaust func() (restore func())

	// Move moves the unread bytes of src to dst, and returns their number. HandsOver needs it.
	Move func(dst, src bufstrategy.Buffer) int

	// Lend passes p, which belongs to the Lender of b, to b without a copy. It reports whether b
	// took p. Lends needs it.
	Lend func(b bufstrategy.Buffer, p []byte, id uint32) bool

	// Fill and Flush default to those of package bufstrategy.
	Fill  func(bufstrategy.Buffer, bufstrategy.TryReader, int) (bufstrategy.Outcome, int, error)
	Flush func(bufstrategy.Buffer, bufstrategy.TryWriter, int) (bufstrategy.Outcome, int, error)

	// Holds returns the most bytes of memory that a buffer of this Limit holds at any time, as its
	// documentation promises. A nil Holds promises nothing.
	Holds func(limit int) int

	// Serve owns s and calls step until step returns Over, on a loop of the kind that the buffers
	// are for. It calls step at once. After Blocked it calls step again when direction d of s is
	// ready. After Again it calls step without waiting, except for the turns of other tasks.
	//
	// Serve blocks its caller meanwhile. Several goroutines may call it. It ends if the case hangs.
	// A nil Serve uses a goroutine that waits with package stream/park.
	Serve func(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error

	// Volume is how many bytes the cases about sockets send per buffer size. Zero means
	// DefaultVolume.
	Volume int
}

// Run runs every case against target as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	suite.Run(t, "bufstrategy", Cases(), target)
}

// Check runs every case against target without a *testing.T, and returns a Violation per failed
// case.
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
