package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Waiter suspends its caller until a handle is ready. It is what a [Conn] needs of the world:
// package sched implements it by suspending a task (or a goroutine) on an event loop, package
// stream/park by suspending a goroutine with nothing else. A Waiter of another kind need not import
// this package: [Source] is an alias, and every type in it is the standard library's or sys'.
// A Waiter that is a [Selector] can do more.
type Waiter interface {
	// Register ties h to the waiter. h stays the caller's: it is closed after Source.Close,
	// never before.
	Register(h sys.Handle) (Source, error)
}

// Source is a handle tied to a [Waiter]. At most one caller waits in a direction at a time.
//
//   - Wait suspends the caller until an operation in direction d is worth trying again, or deadline
//     has passed; the zero time is no deadline. It declares that readiness is lost, and arms the
//     interest again. So the caller has tried and seen would-block, or knows that a try would.
//     Wait returns nil to try again, also without a cause; [os.ErrDeadlineExceeded];
//     [net.ErrClosed] after Close; or an error of the mechanism or of the scheduler, such as that
//     of a canceled task.
//   - Interrupt makes the running Wait in direction d, or else the next one, return nil, so that
//     its caller looks at a changed deadline. It never blocks, may be called from any goroutine,
//     and does nothing after Close.
//   - ShortReadDrains reports whether a short read of plain TCP proves that there are no more
//     bytes, so that the next read may Wait without trying. The caller asks after the read. It is
//     true where each Wait checks the handle. It is false where the mechanism reports no second
//     edge for what it has reported: after a hang-up, as the end follows the bytes without another
//     event; after urgent data, as a read stops at its mark; and always, if the mechanism does not
//     report urgent data.
//   - Close ends the source and makes a running Wait return net.ErrClosed. It may be called from
//     any goroutine, and returns before the handle's number can be used again. A second Close does
//     nothing.
//
// A Source may also be a [MayBlocker], a [Suspender], a [Yielder] or a [ProgressObserver].
type Source = interface {
	Wait(d sys.Direction, deadline time.Time) error
	Interrupt(d sys.Direction)
	ShortReadDrains() bool
	Close() error
}

// MayBlocker is an optional extension of [Source]: one whose Wait suspends tasks.
type MayBlocker interface {
	// MayBlock reports whether the calling goroutine may be blocked by other means than Wait, such
	// as a lock. It is false in a task; see the package's section on concurrency. A Source without
	// this method may always be blocked.
	MayBlock() bool
}

// Suspender is an optional extension of [Source], for tasks.
type Suspender interface {
	// Suspend calls start and suspends the calling task until resume is called, from any goroutine.
	// The task then waits for another task, and not for the handle; see [WriteQueue].
	Suspend(start func(resume func())) error
}

// Yielder is an optional extension of [Source]. With it, a caller that always finds its handle
// ready, and so never waits, does not keep other tasks from running. An error, of a canceled task
// or of a caller that cannot wait here, ends the operation before it moves anything more.
type Yielder interface {
	// YieldIfSpent lets other tasks run if the calling one has used up its share of the thread. It
	// is called at the beginning of each operation of a Conn, PacketConn, Listener or WriteQueue
	// that may wait, and each time that a part of one has succeeded. Try operations do not call it.
	YieldIfSpent() error
	// Yield lets other tasks run unless something is left of the calling one's share. Where shares
	// are not counted it always does. It is called after each part of what the kernel moves by
	// itself, in [Conn.ReadFrom] and WriteTo.
	Yield() error
}

// ProgressObserver is an optional extension of [Source].
type ProgressObserver interface {
	// NoProgress is called when an operation would block right after a Wait in direction d has
	// returned nil. That is legal and often harmless; a mechanism that counts it shows where it
	// is not.
	NoProgress(d sys.Direction)
}

// mayBlock reports whether the caller may be blocked by other means than reg.
func mayBlock(reg Source) bool {
	b, ok := reg.(MayBlocker)
	return !ok || b.MayBlock()
}

// suspend has the calling task wait for another one. Without a Suspender it returns otherwise.
func suspend(reg Source, start func(resume func()), otherwise error) error {
	s, ok := reg.(Suspender)
	if !ok {
		return otherwise
	}
	return s.Suspend(start)
}

// yieldIfSpent has the caller let others run if that is due.
func yieldIfSpent(reg Source) error {
	if y, ok := reg.(Yielder); ok {
		return y.YieldIfSpent()
	}
	return nil
}

// yieldAfterPart has the caller let others run after a part that the kernel has moved.
func yieldAfterPart(reg Source) error {
	if y, ok := reg.(Yielder); ok {
		return y.Yield()
	}
	return nil
}

// noProgress notes that an operation would block right after a wait for it.
func noProgress(reg Source, d sys.Direction) {
	if o, ok := reg.(ProgressObserver); ok {
		o.NoProgress(d)
	}
}
