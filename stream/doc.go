// Package stream has sockets that never block, and connections, listeners and dialers made of them
// that suspend only their caller.
//
// # Two verbs
//
// A [Socket] only tries: every operation returns at once, with a result or with sys.ErrWouldBlock.
// A [Conn] and a [Listener] add the wait: they try, suspend the caller through a [Waiter] until
// trying again makes sense, and try again. They are a net.Conn and a net.Listener, so crypto/tls,
// net/http and everything else that takes those runs on them unmodified. A TLS connection that two
// tasks of a loop share needs package stream/tlsconn, which says why. A [PacketConn] does for
// datagrams what a Conn does for bytes.
//
// A [Waiter] is given, not built in: package sched suspends a task on an event loop, package
// stream/park suspends a goroutine with nothing else. The same code runs on either.
//
// # Concurrency
//
// Close, the deadlines and the addresses of a Conn, PacketConn or Listener may be used by any
// number of goroutines at any time. So may Read, Write and Accept where Wait suspends a goroutine:
// callers in one direction take turns, and each Write is whole.
//
// From tasks there is one reader and one writer at a time. Tasks share a thread, and a second
// caller that waited for a lock would stop the loop on which the first one is to be resumed. So a
// Source whose caller must not be blocked says so, by an optional method
//
//	MayBlock() bool // false: the calling goroutine runs a task; only Wait may suspend it
//
// and a second caller in a direction then gets [ErrBusy] at once. Without the method the second
// caller blocks its thread.
//
// A Source may also have a method YieldIfSpent, by which an operation that need not wait lets
// other tasks run; [Source] has the contract.
//
// A [WriteQueue] is for several tasks that write to one Conn: it queues what the kernel does not
// take, within a bound.
//
// A Socket is for one reader and one writer at a time. Its Close may come from any goroutine at any
// time: a call that is running keeps the number of the handle from being used again until it
// returns.
//
// # Readiness without progress
//
// A kernel may call a handle ready, so that a wait ends, while the operation would block again.
// That is usual now and then. When it goes on, an operation that waits looks at the handle after a
// few turns. It empties the error queue, if that keeps the handle ready (IP_RECVERR, timestamps;
// nothing in this package reads it), returns a pending error that the operation has passed over,
// and otherwise tries again at intervals of 1 to 128 ms, up to its deadline. So it neither spins
// nor hangs. What it waits for in a function of SyscallConn is not looked at.
//
// # Errors
//
// The Try operations of a Socket return errno as it is and allocate nothing, but for addresses of
// datagrams outside Linux. Conn, PacketConn, Listener and Dialer return a *net.OpError with the
// addresses, and in it an *os.SyscallError, [net.ErrClosed], [os.ErrDeadlineExceeded], or the error
// of the Waiter. The end of a stream is io.EOF itself; datagrams have no end.
//
// # Memory
//
// A Socket is 16 bytes, and can be held by value. A Conn is at most 192, a PacketConn at most 208,
// without what its Waiter keeps. None has a buffer, a goroutine or a finalizer: what is not closed
// keeps its handle.
//
// # Portability
//
// TCP and UDP over IPv4 and IPv6 on Linux and the BSDs with macOS, of which Linux alone has been
// run. On other systems everything returns an error that is [errors.ErrUnsupported]. Unix-domain
// sockets, of streams and of datagrams, likewise, with abstract names on Linux.
package stream
