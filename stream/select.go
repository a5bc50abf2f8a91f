package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Selector is what a [Waiter] may be besides: one whose callers can wait for several handles at
// once. A [Dialer] needs it to race addresses. Package sched's waiters and package stream/park's
// are Selectors.
type Selector interface {
	// NewSelect returns a Select for sources of this Waiter. It costs nothing that Close need
	// not give back.
	NewSelect() Select
}

// Readiness is one direction of a source, to be waited for.
type Readiness = struct {
	Source    Source
	Direction sys.Direction
}

// Select waits for the first of several things. Wait and Close are for one caller, Wake is for
// everybody.
//
//   - Wait suspends the caller until one of wanted is worth trying again, Wake is called, or
//     deadline has passed (the zero time is no deadline). It returns nil to look at everything: the
//     caller then tries each of wanted, as what was ready is told once; spurious returns are legal.
//     It returns [os.ErrDeadlineExceeded], [net.ErrClosed] when a source is closed, or an
//     error of the mechanism or of the scheduler (a canceled task). Nothing may be wanted: then it
//     waits for Wake and the deadline. While it runs it is the caller of Source.Wait in every
//     wanted direction: nobody else waits there, Interrupt of a wanted source makes it return
//     nil, and Close nil or net.ErrClosed. A source of another Waiter panics.
//   - Wake makes the running Wait, or else the next one, return nil. It never blocks and may be
//     called from any goroutine. Several calls before that count as one, and after Close it does
//     nothing.
//   - Close ends the Select, not the sources. A second Close does nothing.
type Select = interface {
	Wait(wanted []Readiness, deadline time.Time) error
	Wake()
	Close() error
}
