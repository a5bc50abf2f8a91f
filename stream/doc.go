// Package stream provides sockets that never block, and connections, listeners and dialers built on
// them that suspend only their caller.
//
// # Try and wait
//
// A [Socket] only tries: every operation returns at once, with a result or with sys.ErrWouldBlock.
//
// A [Conn] and a [Listener] add the wait. They try, suspend the caller through a [Waiter] until a
// retry is worthwhile, and try again. They implement net.Conn and net.Listener, so crypto/tls,
// net/http and any other user of those interfaces run on them unmodified. Two tasks of a loop that
// share a TLS connection need package stream/tlsconn, which documents the reason. A [PacketConn] is
// the counterpart of a Conn for datagrams.
//
// The caller passes the Waiter; none is built in. Package sched suspends a task on an event loop.
// Package stream/park suspends a goroutine and needs no loop. The same code runs on either.
//
// # Concurrency
//
// Any number of goroutines may use Close, the deadlines and the addresses of a Conn, PacketConn or
// Listener at any time. They may also use Read, Write and Accept: callers in one direction take
// turns, and each Write is whole.
//
// A caller that waits for its turn must not block a thread that other callers share. If the Source
// is a [Suspender], the caller is suspended by it, and callers get the turn in their order. A
// [MayBlocker] is a Source that reports whether its caller may block. If it may not, and the Source
// is no Suspender, the second caller in a direction gets [ErrBusy] at once. Any other caller blocks
// its goroutine.
//
// If the Source is a [Yielder], an operation that need not wait lets other tasks run.
//
// A [WriteQueue] lets several tasks write to one Conn. It queues what the kernel does not take,
// within a bound.
//
// A Socket supports at most one reader and one writer. Any goroutine may call Close at any time:
// the handle's number cannot be reused until the running calls have returned.
//
// # Readiness without progress
//
// A kernel may report a handle as ready, which ends a wait, although the operation would block
// again. This is normal if it happens now and then. If it repeats, a waiting operation inspects the
// handle after a few rounds:
//
//   - If the error queue keeps the handle ready (IP_RECVERR, timestamps), the operation empties the
//     queue. Nothing in this package reads it.
//   - If an error is pending that the operation did not return, it returns that error.
//   - Otherwise it tries again at intervals of 1 to 128 ms, up to its deadline.
//
// So the operation neither spins nor hangs. A function passed to SyscallConn waits without this
// inspection.
//
// # Errors
//
// The Try operations of a Socket return an errno unchanged. They allocate nothing, except for the
// addresses of datagrams on systems other than Linux.
//
// Conn, PacketConn, Listener, Dialer and ListenConfig return a *net.OpError with the addresses. It
// wraps an *os.SyscallError, [net.ErrClosed], [os.ErrDeadlineExceeded], or the error of the Waiter.
// The end of a stream is io.EOF itself; datagrams have no end.
//
// Dials and listens, and calls of a Conn or a Listener, fail with the texts of package net for the
// same causes. These differ:
//
//   - The failure of a dial joins the errors of all attempts. Package net returns the first.
//   - A dial without a host tries the loopback address of each family. Package net tries one.
//   - A unix-domain name that is empty, too long or has a NUL is refused with the reason. A dial of
//     the empty name in DialContext is an exception.
//   - A unix-domain listener needs a name; package net lets Linux choose one for the empty name.
//   - If no resolver is set, the error of a host name names the field to set.
//   - Networks of raw IP are unknown.
//   - SyscallConn of what is closed, and SetDeadline of a closed Listener, return a *net.OpError.
//   - Calls of a PacketConn name the network "udp", without the digit of "udp4".
//
// # Memory
//
// A Socket is 16 bytes and can be held by value. A Conn is at most 208 bytes and a PacketConn at
// most 208, excluding what the Waiter keeps. None has a buffer, a goroutine or a finalizer: without
// Close, the handle stays open.
//
// # Portability
//
// TCP and UDP over IPv4 and IPv6 are implemented on Linux, macOS, the BSDs and Windows. Unix-domain
// streams and datagrams are implemented on the same systems except Windows; abstract names and
// Multipath TCP need Linux, and records need Linux or a BSD. An operation that the system lacks
// returns an error that is [errors.ErrUnsupported].
//
// The results in conformance/matrix.txt are from linux/amd64 and from windows/amd64 under Wine. It
// has none from macOS or the BSDs.
package stream
