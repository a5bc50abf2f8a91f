package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Waiter suspends its caller until a handle is ready. It is what a [Conn] needs of the world:
// package sched implements it by suspending a task (or a goroutine) on an event loop, package
// stream/park by suspending a goroutine with nothing else. A Waiter of another kind need not import
// this package: [Registration] is an alias, and every type in it is the standard library's or sys'.
// A Waiter that is a [Selector] can do more.
type Waiter interface {
	// Register ties h to the waiter. h stays the caller's: it is closed after Registration.Close,
	// never before.
	Register(h sys.Handle) (Registration, error)
}

// Registration is the tie of one handle to a [Waiter].
//
//   - Wait suspends the caller until an operation in direction d is worth trying again, or deadline
//     has passed (the zero time is no deadline). The caller has tried, and was told that it would
//     block, or is prepared for a try that would: Wait declares loss of readiness, and it is here
//     that interest is armed again. It returns nil to try again (spurious returns are legal),
//     [os.ErrDeadlineExceeded], [net.ErrClosed] after Close, or an error of the mechanism or of the
//     scheduler (a cancelled task). At most one caller waits in a direction at a time.
//   - Interrupt makes a Wait in direction d, running or else the next one, return nil, so that its
//     caller looks at a changed deadline. It never blocks, may be called from any goroutine, and
//     does nothing after Close.
//   - ShortReadDrains reports whether a read of a plain TCP socket that returned fewer bytes than
//     it had room for proves that there are no more, so that the next read may Wait without trying.
//     It is asked after the read. It is false where the mechanism reports no new edge for what it
//     has reported before: after a hang-up, the end follows the bytes without another event; and a
//     read stops at an urgent mark with bytes after it. So it is false once either was reported,
//     and if the mechanism does not report urgent data. It is true where each Wait checks the
//     handle. It is not asked for other handles, whose reads are short for more reasons.
//   - Close ends the registration and makes a running Wait return net.ErrClosed. It may be called
//     from any goroutine and returns before the handle's number can be used again. A second Close
//     does nothing.
//
// A Registration whose Wait suspends tasks also has a method MayBlock() bool, which reports whether
// the calling goroutine may be blocked by other means than Wait: by a lock. It is false in a task;
// see the package's section on concurrency. It may then have two more, Await(start func(resume
// func())) error, which suspends the task for another one and not for the handle, see [WriteQueue],
// and YieldIfSpent() error:
//
//   - YieldIfSpent lets other tasks run if the calling one has used up its share of the thread. It
//     is called at the beginning of each operation that tries, and waits if it must, of a Conn,
//     PacketConn, Listener or WriteQueue, and each time that a part of one has succeeded: so that
//     who always finds his handle ready, and never waits, does not keep others from running. An
//     error, of a cancelled task or of a caller that cannot wait here, ends the operation before it
//     moves anything more. The Try operations do not call it.
//
// A third, Yield() error, is called in its place after each part of what the kernel moves by
// itself, in [Conn.ReadFrom] and WriteTo:
//
//   - Yield lets other tasks run unless something is left of the calling one's share of the thread.
//     Where shares are not counted it always does.
//
// Every Registration may have a method NoProgress(d sys.Direction). It is called when an operation
// would block after a Wait in direction d that returned nil: there was nothing to it. That is
// legal, and often has a harmless cause; a mechanism that counts it shows where it is not.
type Registration = interface {
	Wait(d sys.Direction, deadline time.Time) error
	Interrupt(d sys.Direction)
	ShortReadDrains() bool
	Close() error
}
