package iocp

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
)

// buffers are the Buffers of one queue. Their memory is on Go's heap, so it needs no release: only
// the non-blocking receive that follows a packet writes to it.
type buffers struct {
	*lending.Pool
	q *instance
}

// NewBuffers implements [queue.Completer].
func (q *instance) NewBuffers(count, size int) (queue.Buffers, error) {
	if q.Gate.Closed() {
		return nil, q.Closed("new buffers")
	}
	p, err := lending.New(count, size)
	if err != nil {
		return nil, q.Failed("new buffers", err)
	}
	return &buffers{p, q}, nil
}

// Close implements [queue.Buffers].
func (b *buffers) Close() error {
	if b.q.Gate.Closed() {
		return b.q.Closed("close buffers")
	}
	return b.Pool.Close()
}

// poolOf returns the pool of op.Buffers, or nil if there are none.
func (q *instance) poolOf(op *queue.Op) (*lending.Pool, error) {
	if op.Buffers == nil {
		return nil, nil
	}
	b, ok := op.Buffers.(*buffers)
	if !ok || b.q != q {
		return nil, fmt.Errorf("buffers of another queue: %w", queue.ErrInvalid)
	}
	return b.Pool, nil
}
