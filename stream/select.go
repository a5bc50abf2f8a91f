package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Selector is an optional extension of [Waiter]. Its callers can wait for several handles at once.
// A [Dialer] needs it to race addresses. The waiters of packages sched and stream/park are
// Selectors.
type Selector interface {
	// NewSelect returns a Select for sources of this Waiter. Close frees everything that it costs.
	NewSelect() Select
}

// Readiness is one direction of a source to wait for.
type Readiness = struct {
	Source    Source
	Direction sys.Direction
}

// Select waits for several sources at once. Wait and Close are for one caller. Any goroutine may
// call Wake.
//
//   - Wait suspends the caller until one of wanted is worth trying again, Wake is called, or
//     deadline has passed. The zero time means no deadline. With an empty wanted, it waits for Wake
//     and the deadline. It returns nil if the caller should look at everything: readiness is
//     reported once, so the caller tries each of wanted. A spurious return is legal. It returns
//     [os.ErrDeadlineExceeded] after the deadline and [net.ErrClosed] if a source is closed. It may
//     also return an error of the mechanism or of the scheduler (a canceled task). While it runs,
//     it is the caller of Source.Wait in every wanted direction. No other caller waits there.
//     Interrupt of a wanted source makes it return nil; Close of one makes it return nil or
//     net.ErrClosed. It panics for a source of another Waiter.
//   - Wake makes the running Wait, or else the next one, return nil. It never blocks and may be
//     called from any goroutine. Several calls before that Wait count as one. After Close it does
//     nothing.
//   - Close ends the Select but not the sources. A second Close does nothing.
type Select = interface {
	Wait(wanted []Readiness, deadline time.Time) error
	Wake()
	Close() error
}
