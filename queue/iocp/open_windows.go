package iocp

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
)

// pqcs is the only waker: a post is never lost and needs no handle.
const pqcs = "pqcs"

// New opens a queue, which is a [queue.Completer]. It holds two handles until Close, and one more
// per 32 registrations.
//
// Errors: [queue.ErrInvalid] for an unknown waker or a negative bound, [queue.ErrUnavailable] with
// the errno if the system refuses.
func New(o Options) (queue.Queue, error) {
	q, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("iocp: %w", err)
	}
	return q, nil
}

func open(o Options) (*instance, error) {
	if o.Waker != "" && o.Waker != pqcs {
		return nil, fmt.Errorf("waker %q: %w: want %s", o.Waker, queue.ErrInvalid, pqcs)
	}
	if o.MaxOperations < 0 {
		return nil, fmt.Errorf("at most %d operations, want 0 or more: %w", o.MaxOperations, queue.ErrInvalid)
	}
	port, err := sys.PortCreate()
	if err != nil {
		return nil, wake.Unavailable("create port", err)
	}
	f := queue.Features{Mechanism: "iocp", Waker: pqcs, NativeOneShot: true, PeerShut: true, Completions: true}
	signal := func() error { return sys.PortPost(port, keyWake, 0) }
	q := &instance{
		Parallel: base.NewParallel(f, signal), port: port, born: time.Now(), polls: newPolls(), operations: newOperations(o.MaxOperations),
	}
	if err := q.polls.grow(port); err != nil {
		return nil, errors.Join(wake.Unavailable("open driver", err), sys.CloseObject(port))
	}
	return q, nil
}
