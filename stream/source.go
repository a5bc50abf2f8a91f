package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Waiter suspends its caller until a handle is ready. A [Conn] needs nothing else from its
// environment. Package sched implements Waiter by suspending a task (or a goroutine) on an event
// loop. Package stream/park implements it by suspending a goroutine, without a loop.
//
// Another implementation need not import this package: [Source] is an alias, and its methods use
// only types of the standard library and of package sys. A Waiter may also be a [Selector].
type Waiter interface {
	// Register ties h to the waiter. h stays the caller's, which closes it after Source.Close,
	// never before.
	Register(h sys.Handle) (Source, error)
}

// registerWith registers h with w, which the caller may have left nil.
func registerWith(w Waiter, h sys.Handle) (Source, error) {
	if w == nil {
		return nil, ErrNoWaiter
	}
	return w.Register(h)
}

// Source is a handle tied to a [Waiter]. At most one caller waits in a direction at once.
//
//   - Wait suspends the caller until an operation in direction d is worth trying again, or deadline
//     has passed. The zero time means no deadline. Wait declares that readiness is lost and arms
//     the interest again. The caller must therefore have tried and got would-block, or know that a
//     try would. Wait returns nil if the caller should try again, possibly without a cause. It
//     returns [os.ErrDeadlineExceeded] after the deadline and [net.ErrClosed] after Close. It may
//     also return an error of the mechanism or of the scheduler, such as that of a canceled task.
//   - Interrupt makes the running Wait in direction d, or else the next one, return nil, so that
//     its caller sees a changed deadline. It never blocks, may be called from any goroutine, and
//     does nothing after Close.
//   - ShortReadDrains reports whether a short read of plain TCP proves that no more bytes are
//     there. The next read may then Wait without a try. The caller asks after the read. The result
//     is true if each Wait checks the handle. It is false if the mechanism reports no second edge
//     for what it has already reported. That is so after a hang-up, because the end follows the
//     bytes without another event. It is so after urgent data, because a read stops at the mark. A
//     mechanism may not report urgent data. The result is then true only if the kernel says that
//     the read did not stop at a mark; see [sys.StoppedAtMark].
//   - Close ends the source and makes a running Wait return net.ErrClosed. It may be called from
//     any goroutine. It returns before the handle's number can be used again. A second Close does
//     nothing.
//
// A Source may also be a [MayBlocker], a [Suspender], a [Yielder] or a [ProgressObserver].
type Source = interface {
	Wait(d sys.Direction, deadline time.Time) error
	Interrupt(d sys.Direction)
	ShortReadDrains() bool
	Close() error
}

// MayBlocker is an optional extension of [Source]. A Source whose Wait suspends tasks implements
// it.
type MayBlocker interface {
	// MayBlock reports whether the calling goroutine may be blocked by means other than Wait, such
	// as a lock. It is false in a task; see the package's section on concurrency. Callers of a
	// Source without this method may always be blocked.
	MayBlock() bool
}

// Suspender is an optional extension of [Source], for tasks.
type Suspender interface {
	// Suspend calls start and suspends the calling task until resume is called, from any goroutine.
	// The task waits for another task and not for the handle; see [WriteQueue].
	Suspend(start func(resume func())) error
}

// Yielder is an optional extension of [Source]. With it, a caller that always finds its handle
// ready, and so never waits, does not starve other tasks. An error from its methods ends the
// operation before it moves anything more. A canceled task or a caller that cannot wait here causes
// such an error.
type Yielder interface {
	// YieldIfSpent lets other tasks run if the calling task has used up its share of the thread. It
	// is called at the beginning of each operation of a Conn, PacketConn, Listener or WriteQueue
	// that may wait. It is called again each time a part of such an operation has succeeded. Try
	// operations do not call it.
	YieldIfSpent() error
	// Yield lets other tasks run unless the calling task has some of its share left. If shares are
	// not counted, it always yields. [Conn.ReadFrom] and WriteTo call it after each part that the
	// kernel moves without the process.
	Yield() error
}

// ProgressObserver is an optional extension of [Source].
type ProgressObserver interface {
	// NoProgress is called if an operation would block right after a Wait in direction d has
	// returned nil. That is legal and often harmless. A mechanism that counts these calls shows
	// where it is not.
	NoProgress(d sys.Direction)
}

// mayBlock reports whether the caller may be blocked by means other than reg.
func mayBlock(reg Source) bool {
	b, ok := reg.(MayBlocker)
	return !ok || b.MayBlock()
}

// suspend suspends the calling task until another one resumes it. If reg is not a Suspender, it
// returns otherwise.
func suspend(reg Source, start func(resume func()), otherwise error) error {
	s, ok := reg.(Suspender)
	if !ok {
		return otherwise
	}
	return s.Suspend(start)
}

// yieldIfSpent lets others run if the caller's share is spent.
func yieldIfSpent(reg Source) error {
	if y, ok := reg.(Yielder); ok {
		return y.YieldIfSpent()
	}
	return nil
}

// yieldAfterPart lets others run after a part that the kernel has moved.
func yieldAfterPart(reg Source) error {
	if y, ok := reg.(Yielder); ok {
		return y.Yield()
	}
	return nil
}

// noProgress reports to reg that an operation would block right after a wait for it.
func noProgress(reg Source, d sys.Direction) {
	if o, ok := reg.(ProgressObserver); ok {
		o.NoProgress(d)
	}
}
