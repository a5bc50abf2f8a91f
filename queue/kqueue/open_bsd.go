//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// New opens a queue, which holds one handle until Close, or three with the waker "pipe".
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the waker, the error is [errors.ErrUnsupported].
func New(o Options) (queue.Nester, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("kqueue: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	sys.StartRuntimePoller()
	kq, err := sys.Kqueue()
	if err != nil {
		return nil, wake.Unavailable("kqueue", err)
	}
	w, err := openWaker(kq, o.Waker)
	if err != nil {
		return nil, errors.Join(err, sys.Close(kq))
	}
	f := queue.Features{
		Mechanism: "kqueue", Waker: w.kind(),
		NativeEdge: true, NativeOneShot: true, PeerShut: true, Nested: true,
	}
	return &instance{Parallel: base.NewParallel(f, w.signal), kq: kq, waker: w}, nil
}
