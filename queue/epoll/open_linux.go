package epoll

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// New opens a queue, which holds two or three handles until Close.
//
// Errors: [queue.ErrInvalid] for an unknown waker, [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks epoll, the error is [errors.ErrUnsupported].
func New(o Options) (queue.Nester, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	sys.StartRuntimePoller()
	w, err := wake.Open(o.Waker)
	if err != nil {
		return nil, err
	}
	ep, err := sys.EpollCreate()
	if err != nil {
		return nil, errors.Join(wake.Unavailable("epoll_create1", err), w.Close())
	}
	// One waiter takes an edge, and the next edge needs no read before it.
	if err := sys.EpollAdd(ep, w.Handle(), sys.EpollIn|sys.EpollEdge, wakeData); err != nil {
		return nil, errors.Join(wake.Unavailable("add waker", err), w.Close(), sys.Close(ep))
	}
	// Probed by a call: an older kernel returns ENOSYS, a sandbox any errno.
	_, err = sys.EpollWaitExact(ep, make([]sys.EpollEvent, 1), 0)
	f := queue.Features{
		Mechanism: "epoll", Waker: w.Kind(),
		NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
		Urgent: true,
	}
	return &instance{Parallel: base.NewParallel(f, w.Signal), ep: ep, waker: w, exact: err == nil}, nil
}
