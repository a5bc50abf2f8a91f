package base

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/turn"
)

// Turns is the base of a queue of which only one Wait is in the kernel at a time; the others wait
// for their turn. Use NewTurns. Mu guards the exported fields.
type Turns struct {
	Base
	turn *turn.Turn

	Polling   bool // whether a Wait may be in the kernel
	Nested    bool // whether another queue may wait for this one
	Woken     bool // whether a Wake is unanswered
	Signalled bool // whether the signal of the waker is under way
}

// NewTurns returns the base of a queue with these features. signal makes the Wait that is in the
// kernel return; it is called with Mu held, and not again while Signalled is true.
func NewTurns(f queue.Features, signal func() error) Turns {
	return Turns{Base: newBase(f, signal), turn: turn.New()}
}

// Wake implements [queue.Queue].
func (b *Turns) Wake() error {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	if b.Gate.Closed() {
		return b.Closed("wake")
	}
	b.Woken = true
	if err := b.Interrupt(); err != nil {
		return b.Failed("wake", err)
	}
	return nil
}

// Interrupt makes the Wait that is in the kernel leave it, so that it sees what has changed. If no
// Wait is in the kernel, the next one sees the change before it blocks. The caller holds Mu.
func (b *Turns) Interrupt() error {
	if b.Signalled || !b.Polling && !b.Nested {
		return nil
	}
	if err := b.signal(); err != nil {
		return err
	}
	b.Signalled = true
	return nil
}

// Take begins a Wait into events and waits for its turn. If ok is false, the Wait ends with err.
// Otherwise the caller must call Give.
func (b *Turns) Take(events []queue.Event, timeout time.Duration) (ok bool, err error) {
	if err := b.Enter(events); err != nil {
		return false, err
	}
	if !b.turn.Take(timeout) {
		defer b.Gate.Leave()
		return false, b.Passed()
	}
	return true, nil
}

// Give undoes Take.
func (b *Turns) Give() {
	b.turn.Release()
	b.Gate.Leave()
}

// Block announces that the caller is about to enter the kernel. It returns how long to block there:
// not at all if a Wake is unanswered. The caller has the turn and holds Mu.
func (b *Turns) Block(timeout time.Duration) time.Duration {
	b.Polling = true
	if b.Woken || b.Gate.Closed() {
		return 0
	}
	return timeout
}

// Shut begins Close: it ends the running Waits and blocks until the last one has left.
//
// Errors: [queue.ErrClosed] if the queue was closed before; ok is false then. With ok, the error
// means that the Wait in the kernel could not be interrupted.
func (b *Turns) Shut() (ok bool, err error) {
	return b.Base.Shut(func() error {
		b.turn.End()
		return b.Interrupt()
	})
}
