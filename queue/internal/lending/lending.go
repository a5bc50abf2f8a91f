// Package lending keeps count of the buffers that a queue lends to its caller.
package lending

import (
	"errors"
	"fmt"
	"sync"

	"github.com/edgewise-go/edgewise/queue"
)

// Pool implements [queue.Buffers] on the heap. Use New.
type Pool struct {
	size int
	slab []byte

	mu     sync.Mutex
	free   []uint16
	lent   []bool
	users  int // operations in flight
	closed bool
}

var _ queue.Buffers = (*Pool)(nil)

// Check returns [queue.ErrInvalid] unless count and size are within the bounds of NewBuffers.
func Check(count, size int) error {
	if count < 1 || count > queue.MaxBuffers {
		return fmt.Errorf("%d buffers, want 1 to %d: %w", count, queue.MaxBuffers, queue.ErrInvalid)
	}
	if size < 1 || size > queue.MaxBufferSize {
		return fmt.Errorf("buffers of %d bytes, want 1 to %d: %w", size, queue.MaxBufferSize, queue.ErrInvalid)
	}
	return nil
}

// New returns a pool.
//
// Errors: those of Check.
func New(count, size int) (*Pool, error) {
	if err := Check(count, size); err != nil {
		return nil, err
	}
	p := &Pool{size: size, slab: make([]byte, count*size), lent: make([]bool, count), free: make([]uint16, count)}
	for i := range p.free {
		p.free[i] = uint16(count - 1 - i) // take uses the lowest number first
	}
	return p, nil
}

// Take lends a buffer to the caller. It returns false if all are lent.
func (p *Pool) Take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return 0, false
	}
	id := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	p.lent[id] = true
	return id, true
}

// Bytes implements [queue.Buffers].
func (p *Pool) Bytes(id uint16) []byte {
	at := int(id) * p.size
	return p.slab[at : at+p.size : at+p.size]
}

// Return implements [queue.Buffers].
func (p *Pool) Return(id uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(id) >= len(p.lent) || !p.lent[id] {
		panic(fmt.Sprintf("queue: Buffers.Return: buffer %d is not lent", id))
	}
	p.lent[id] = false
	p.free = append(p.free, id)
}

// Count implements [queue.Buffers].
func (p *Pool) Count() int { return len(p.lent) }

// Size implements [queue.Buffers].
func (p *Pool) Size() int { return p.size }

// Lent implements [queue.Buffers].
func (p *Pool) Lent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lent) - len(p.free)
}

// Enter counts an operation that uses p. The caller must call Leave at its terminal completion.
//
// Errors: [queue.ErrClosed].
func (p *Pool) Enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("buffers: %w", queue.ErrClosed)
	}
	p.users++
	return nil
}

// Leave undoes Enter.
func (p *Pool) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
}

// Close implements [queue.Buffers].
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	lent := len(p.lent) - len(p.free)
	switch {
	case p.closed:
		return fmt.Errorf("close buffers: %w", queue.ErrClosed)
	case lent+p.users > 0:
		return fmt.Errorf("close buffers: %d lent, %d operations in flight: %w", lent, p.users, queue.ErrBusy)
	}
	p.closed = true
	return nil
}

var errForeign = errors.New("buffers of another queue")

// Of returns the pool that b is.
//
// Errors: [queue.ErrInvalid] if b is something else.
func Of(b queue.Buffers) (*Pool, error) {
	p, ok := b.(*Pool)
	if !ok {
		return nil, fmt.Errorf("%w: %w", errForeign, queue.ErrInvalid)
	}
	return p, nil
}
