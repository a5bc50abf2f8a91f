package completion

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
)

// buffers are lent by one queue.
type buffers struct {
	*lending.Pool
	owner *adapter
}

// NewBuffers implements [queue.Completer].
func (q *adapter) NewBuffers(count, size int) (queue.Buffers, error) {
	if q.gate.Closed() {
		return nil, q.failed("new buffers", queue.ErrClosed)
	}
	p, err := lending.New(count, size)
	if err != nil {
		return nil, q.failed("new buffers", err)
	}
	return &buffers{p, q}, nil
}

// Close implements [queue.Buffers].
func (b *buffers) Close() error {
	if b.owner.gate.Closed() {
		return b.owner.failed("close buffers", queue.ErrClosed)
	}
	return b.Pool.Close()
}

// poolOf returns the pool of b.
//
// Errors: [queue.ErrInvalid] if b is not of this queue.
func (q *adapter) poolOf(b queue.Buffers) (*lending.Pool, error) {
	if mine, ok := b.(*buffers); ok && mine.owner == q {
		return mine.Pool, nil
	}
	return nil, fmt.Errorf("buffers of another queue: %w", queue.ErrInvalid)
}
