// Package base holds what the queues of all mechanisms have in common: the name in their errors,
// the lock of their registrations, the end of their calls at Close, and the coalescing of Wakes.
//
// The package of a mechanism has one file per part, and the parts have the same names in all of
// them. A name ends with the systems of the mechanism, as in open_linux.go.
//
//   - doc: the limitations and costs of the mechanism, and its options
//   - open: New, the choice of a waker, and the features
//   - queue: the type of the queue, Wait and Close; queue_other is New on systems without it
//   - registration: Add, Modify, Delete, and WouldBlock where edges are emulated
//   - slot: what the mechanism keeps per registration
//   - request: what it requests from the kernel for a registration
//   - event: the conversion of what the kernel reports into events
//   - waker: its own event for Wake, or how it takes the signal of a waker
//
// A mechanism that performs operations has these parts too:
//
//   - operation: what it keeps per operation in flight
//   - submission: Submit, SubmitChain and Cancel
//   - perform: what it requests from the kernel for an operation
//   - completion: the conversion of what the kernel reports into completions
//   - buffers: NewBuffers and the buffers
//   - drain, single: the end of all operations at Close, and one waiter; package iouring only
//   - attachment, timeout, release: package iocp only
package base

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/sys"
)

// Base is the common part of a queue, for the mechanism to embed as part of a Parallel or a Turns.
type Base struct {
	Gate *gate.Gate // guards every use of the mechanism's handles without Mu
	Mu   sync.Mutex // guards the registrations

	features queue.Features
	signal   func() error // makes one Wait return: a running one, or the next to begin
	born     time.Time    // origin of all times: time.Since(born) reads one clock, time.Now two
}

func newBase(f queue.Features, signal func() error) Base {
	return Base{Gate: gate.New(), features: f, signal: signal, born: time.Now()}
}

// Features implements [queue.Queue].
func (b *Base) Features() queue.Features { return b.features }

// WouldBlock implements [queue.Queue] for mechanisms with native edges. It only checks that the
// queue is open: the kernel knows that the operation would block.
func (b *Base) WouldBlock(h sys.Handle, _ queue.Interest) error {
	if b.Gate.Closed() {
		return b.FailedFor("would block", h, queue.ErrClosed)
	}
	return nil
}

// Change runs f, which changes the registration of h, with Mu held. It names operation and h in the
// error of f.
//
// Errors: [queue.ErrClosed], and those of f.
func (b *Base) Change(operation string, h sys.Handle, f func() error) error {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	err := error(queue.ErrClosed)
	if !b.Gate.Closed() {
		err = f()
	}
	if err != nil {
		return b.FailedFor(operation, h, err)
	}
	return nil
}

// Register runs f as Change does, after it has checked the registration r that f makes.
//
// Errors: those of Change. [queue.ErrInvalid] for a mode or interest that does not exist. An error
// that is [errors.ErrUnsupported] for an exclusive registration, unless Features has Exclusive.
func (b *Base) Register(operation string, h sys.Handle, r queue.Registration, f func() error) error {
	return b.Change(operation, h, func() error {
		switch {
		case r.Mode > queue.OneShot, r.Interest > queue.Both:
			return queue.ErrInvalid
		case r.Exclusive && !b.features.Exclusive:
			return fmt.Errorf("exclusive registration: %w", errors.ErrUnsupported)
		}
		return f()
	})
}

// Enter begins a Wait into events. The caller must call Gate.Leave unless Enter returns an error.
//
// Errors: [queue.ErrClosed], [queue.ErrInvalid] if events is empty.
func (b *Base) Enter(events []queue.Event) error {
	if !b.Gate.Enter() {
		return b.Closed("wait")
	}
	if len(events) == 0 {
		b.Gate.Leave()
		return b.Failed("wait", fmt.Errorf("0 events, want room for at least 1: %w", queue.ErrInvalid))
	}
	return nil
}

// Begin returns the time at which a Wait with this timeout begins, for Left.
func (b *Base) Begin(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return 0 // Left does not need it
	}
	return time.Since(b.born)
}

// Left returns how much is left of the timeout of a Wait that began at begin. A negative timeout
// does not change.
func (b *Base) Left(timeout, begin time.Duration) time.Duration {
	if timeout <= 0 {
		return timeout
	}
	return max(0, timeout-(time.Since(b.born)-begin))
}

// Passed returns the error of a Wait that timed out: nil, or [queue.ErrClosed].
func (b *Base) Passed() error {
	if b.Gate.Closed() {
		return b.Closed("wait")
	}
	return nil
}

// Shut begins Close: it shuts the gate, calls signal to end the running Waits, and blocks until the
// last call has left. The error of signal is returned with ok.
//
// Errors: [queue.ErrClosed] if the queue was closed before; ok is false then.
func (b *Base) Shut(signal func() error) (ok bool, err error) {
	b.Mu.Lock()
	if !b.Gate.Shut() {
		b.Mu.Unlock()
		return false, b.Closed("close")
	}
	err = signal()
	b.Mu.Unlock()
	b.Gate.WaitEmpty()
	return true, err
}

// Closed returns [queue.ErrClosed] with the name of the operation.
func (b *Base) Closed(operation string) error { return b.Failed(operation, queue.ErrClosed) }

// Failed wraps err with the names of the mechanism and the operation.
func (b *Base) Failed(operation string, err error) error {
	return fmt.Errorf("%s: %s: %w", b.features.Mechanism, operation, err)
}

// FailedFor wraps err as Failed does, and adds the handle.
func (b *Base) FailedFor(operation string, h sys.Handle, err error) error {
	return fmt.Errorf("%s: %s handle %v: %w", b.features.Mechanism, operation, h, err)
}
