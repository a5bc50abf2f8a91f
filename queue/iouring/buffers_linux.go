package iouring

import (
	"fmt"
	"math"
	"math/bits"
	"sync"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
	"github.com/edgewise-go/edgewise/sys"
)

// groupsMax bounds the buffer groups. A group is a number of 16 bits, and operation.group needs one
// more for no group.
const groupsMax = 1<<16 - 1

// offeredFirst is the number of buffers that the kernel gets at first. It takes buffers in the
// order in which it got them, not the last one that was returned. So all that it has become
// resident soon, even if one at a time would do. See replenish.
const offeredFirst = 16

// buffers implements [queue.Buffers] on a buffer ring. The bytes are on the heap, so that a caller
// that still uses them after Close does not crash; the ring is in a mapping.
type buffers struct {
	q    *instance
	ring *sys.IoUringBuffers
	slab []byte
	size int

	registered bool // guarded by instance.Mu; whether the kernel has the ring
	closed     bool // guarded by instance.Mu

	mu      sync.Mutex // acquired after instance.Mu
	lent    []bool     // guarded by mu
	count   int        // guarded by mu; of lent buffers
	offered int        // guarded by mu; the kernel has not got the buffers from this number on
	users   int        // guarded by mu; operations in flight
	gone    bool       // guarded by mu; whether the ring is unmapped
}

var _ queue.Buffers = (*buffers)(nil)

// NewBuffers implements [queue.Completer]. It rounds count up to a power of two.
func (q *instance) NewBuffers(count, size int) (queue.Buffers, error) {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if q.Gate.Closed() {
		return nil, q.Closed("new buffers")
	}
	if err := lending.Check(count, size); err != nil {
		return nil, q.Failed("new buffers", err)
	}
	count = 1 << bits.Len(uint(count-1))
	if uint64(count)*uint64(size) > math.MaxInt/2 {
		return nil, q.Failed("new buffers", fmt.Errorf("%d buffers of %d bytes: %w", count, size, syscall.ENOMEM))
	}
	b, err := q.newBuffers(count, size)
	if err != nil {
		return nil, q.Failed("new buffers", err)
	}
	return b, nil
}

func (q *instance) newBuffers(count, size int) (*buffers, error) {
	if err := q.admit(0); err != nil {
		return nil, err
	}
	group := 0
	for group < len(q.groups) && q.groups[group] != nil {
		group++
	}
	if group == groupsMax {
		return nil, fmt.Errorf("%d Buffers, want at most %d: %w", group+1, groupsMax, queue.ErrFull)
	}
	ring, err := sys.MapIoUringBuffers(count, uint16(group))
	if err != nil {
		return nil, err
	}
	b := &buffers{q: q, ring: ring, slab: make([]byte, count*size), size: size, lent: make([]bool, count)}
	b.offer(offeredFirst)
	// Once a thread has a ring of its own, only that thread may change it, in its next Wait.
	if !q.single || !q.enabled {
		if err := b.register(); err != nil {
			_ = ring.Close()
			return nil, err
		}
	}
	if group == len(q.groups) {
		q.groups = append(q.groups, nil)
	}
	q.groups[group] = b
	return b, nil
}

// buffersOf returns the buffers that b is.
//
// Errors: [queue.ErrInvalid] if b is something else, or belongs to another queue.
func (q *instance) buffersOf(b queue.Buffers) (*buffers, error) {
	own, ok := b.(*buffers)
	if !ok || own.q != q {
		return nil, fmt.Errorf("buffers of another queue: %w", queue.ErrInvalid)
	}
	return own, nil
}

// register passes the ring to the kernel, once. The caller holds instance.Mu.
func (b *buffers) register() error {
	if b.registered {
		return nil
	}
	if err := patiently(func() error { return b.ring.Register(b.q.ring) }); err != nil {
		return err
	}
	b.registered = true
	return nil
}

// retire takes rings from the kernel that their owner has closed. The caller holds Mu, and its
// thread may enter the ring.
func (q *instance) retire() error {
	for len(q.retired) > 0 {
		b := q.retired[len(q.retired)-1]
		if err := b.ring.Unregister(q.ring); err != nil {
			return err
		}
		q.retired = q.retired[:len(q.retired)-1]
		b.registered = false
		if err := b.free(); err != nil {
			return err
		}
	}
	return nil
}

// free unmaps a ring that the kernel does not have. The caller holds instance.Mu.
func (b *buffers) free() error {
	b.mu.Lock()
	b.gone = true
	b.mu.Unlock()
	b.q.groups[b.ring.Group()] = nil
	return b.ring.Close()
}

// Bytes implements [queue.Buffers].
func (b *buffers) Bytes(id uint16) []byte {
	at := int(id) * b.size
	return b.slab[at : at+b.size : at+b.size]
}

// Return implements [queue.Buffers].
func (b *buffers) Return(id uint16) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if int(id) >= len(b.lent) || !b.lent[id] {
		panic(fmt.Sprintf("queue: Buffers.Return: buffer %d is not lent", id))
	}
	b.lent[id] = false
	b.count--
	b.put(id)
}

// offer passes buffers to the kernel until it has got n of them, or all. The caller holds mu, or is
// the only one that has b.
func (b *buffers) offer(n int) {
	for ; b.offered < min(n, len(b.lent)); b.offered++ {
		b.put(uint16(b.offered))
	}
}

// replenish reports whether the kernel may have buffers although a receive has found none, and
// passes more of them to it if there are more: one per receive, because a burst needs no more. For
// a receive that has found none before, the given number of times in a row, it doubles them: others
// have taken them first.
func (b *buffers) replenish(tries uint8) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offer(max(b.offered+1, offeredFirst<<min(tries, emptyMax)))
	return b.count < len(b.lent)
}

// put passes a buffer to the kernel. The caller holds mu.
func (b *buffers) put(id uint16) {
	if !b.gone {
		b.ring.Put(id, b.Bytes(id))
	}
}

// lend counts a buffer that the kernel has filled. It does not trust the kernel that the buffer
// exists and is not lent.
func (b *buffers) lend(id uint16) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if int(id) >= len(b.lent) || b.lent[id] {
		return false
	}
	b.lent[id] = true
	b.count++
	return true
}

// giveBack returns a buffer that the kernel took for nothing.
func (b *buffers) giveBack(id uint16) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if int(id) < len(b.lent) && !b.lent[id] {
		b.put(id)
	}
}

func (b *buffers) enter() {
	b.mu.Lock()
	b.users++
	b.mu.Unlock()
}

func (b *buffers) leave() {
	b.mu.Lock()
	b.users--
	b.mu.Unlock()
}

// Count implements [queue.Buffers].
func (b *buffers) Count() int { return len(b.lent) }

// Size implements [queue.Buffers].
func (b *buffers) Size() int { return b.size }

// Lent implements [queue.Buffers].
func (b *buffers) Lent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// Close implements [queue.Buffers].
func (b *buffers) Close() error {
	b.q.Mu.Lock()
	defer b.q.Mu.Unlock()
	b.mu.Lock()
	lent, users := b.count, b.users
	b.mu.Unlock()
	switch {
	case b.closed:
		return b.q.Failed("close buffers", queue.ErrClosed)
	case lent+users > 0:
		return b.q.Failed("close buffers", fmt.Errorf("%d lent, %d operations in flight: %w", lent, users, queue.ErrBusy))
	}
	b.closed = true
	var err error
	switch {
	case !b.registered:
		err = b.free()
	case b.q.single && b.q.enabled:
		b.q.retired = append(b.q.retired, b) // by the next Wait
	default:
		if err = b.ring.Unregister(b.q.ring); err == nil {
			b.registered = false
			err = b.free()
		}
	}
	if err != nil {
		return b.q.Failed("close buffers", err)
	}
	return nil
}
