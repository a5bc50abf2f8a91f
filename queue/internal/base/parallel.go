package base

import (
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
)

// Parallel is the base of a queue of which any number of Waits are in the kernel at once. Use
// NewParallel.
type Parallel struct {
	Base
	// woken is true from a Wake that signalled until a Wait has taken the signal. Calls in between
	// need no signal of their own.
	woken atomic.Bool
}

// NewParallel returns the base of a queue with these features. Wake calls signal, which makes
// one Wait return: a running one, or the next to begin.
func NewParallel(f queue.Features, signal func() error) Parallel {
	return Parallel{Base: newBase(f, signal)}
}

// Wake implements [queue.Queue].
func (b *Parallel) Wake() error {
	if !b.Gate.Enter() {
		return b.Closed("wake")
	}
	defer b.Gate.Leave()
	if b.woken.Load() || !b.woken.CompareAndSwap(false, true) {
		return nil
	}
	if err := b.signal(); err != nil {
		b.woken.Store(false)
		return b.Failed("wake", err)
	}
	return nil
}

// WakeTaken makes the next Wake signal again. A mechanism clears its waker before it calls
// WakeTaken. In the other order it would clear the signal of a Wake in between, and the kernel
// drops an edge whose cause has gone.
func (b *Parallel) WakeTaken() { b.woken.Store(false) }

// Deferred returns err unless the Wait has n events to return, which would be lost with an error.
// In that case it signals, so that the next Wait meets the failure again.
func (b *Parallel) Deferred(n int, err error) error {
	if err == nil || n == 0 {
		return err
	}
	// If this fails too, the next Wake returns the error.
	_ = b.signal()
	return nil
}
