//go:build unix

package poll

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// New opens a queue, which holds one or two handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the waker, the error is [errors.ErrUnsupported].
func New(o Options) (queue.Queue, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, err
	}
	f := queue.Features{Mechanism: "poll", Waker: w.Kind(), PeerShut: sys.PollRDHup != 0}
	q := &instance{Turns: base.NewTurns(f, w.Signal), waker: w, changed: true}
	q.set.fds = []sys.PollFD{{Fd: int32(w.Handle()), Events: sys.PollIn}}
	q.set.stamps = []uint32{0}
	return q, nil
}
