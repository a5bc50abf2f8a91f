package completion

import (
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
)

// New returns a queue that performs operations over q. It owns q from then on: Close closes q.
//
// Errors: [queue.ErrInvalid] for a negative bound; q then stays the caller's.
func New(q queue.Queue, o Options) (queue.Completer, error) {
	if o.MaxOperations < 0 {
		return nil, fmt.Errorf("completion: at most %d operations, want 0 or more: %w", o.MaxOperations, queue.ErrInvalid)
	}
	below := q.Features()
	f := below
	f.NativeEdge = false // see source.report
	f.Nested = false     // a timer makes no handle readable
	f.Completions = false
	a := &adapter{
		below: q, gate: gate.New(), features: f, native: below.NativeEdge, born: time.Now(),
		flights: flight.New[operation](o.MaxOperations), byHandle: map[handle]*source{},
	}
	a.closes.init(&source{}, receiving)
	return a, nil
}
