// Package iocp implements the event queue on an I/O completion port, for Windows 10 and later. On
// other systems New returns an error that is [errors.ErrUnsupported].
//
// Windows completes operations and does not report readiness. Its own select asks the driver of the
// sockets, \Device\Afd, for readiness, and this package does the same. A poll of one socket
// completes on the port when the socket is ready. Microsoft does not document that interface;
// libuv, wepoll and mio rely on it. ProcessSocketNotifications is documented but requires Windows
// 11, so this package does not use it.
//
// A poll ends when it reports, so one-shot is native. Level and edge are emulated. In mode Level,
// the poll restarts when the next Wait begins, after the caller has had the chance to use the
// readiness. While another Wait is blocked, it restarts at once. In mode Edge, the poll omits a
// reported direction until WouldBlock.
//
// # Cost
//
// Each event costs one more system call, which restarts the poll, besides the one that takes up to
// 64 packets. Add and Modify ask Winsock whether the handle is an open socket.
//
// Otherwise, a change of a registration costs nothing, unless its poll is under way and omits a
// wanted direction. In that case the queue cancels the poll. The Wait that takes the packet of the
// old poll starts the poll again. All this happens under the lock of the queue, except the waiting.
//
// A registration takes 64 bytes outside Go's heap, and about as many inside. Every 32 registrations
// share a handle of the driver. The queue keeps both for later registrations until Close.
//
// # Operations
//
// The queue is a [queue.Completer]. Submit starts the operation at once: WSARecv, WSASend,
// WSARecvFrom, WSASendTo, AcceptEx and ConnectEx with an OVERLAPPED do not block. The kernel posts
// a packet when the operation is done, which Wait returns as a completion. CancelIoEx ends one
// operation; its packet arrives in any case. Memory is the operation's until then.
//
// OpRecv with Buffers starts a receive of zero bytes, which ends when there are bytes. The Wait
// that takes its packet receives them without blocking into a free buffer. So an idle connection
// holds none.
//
// OpAccept passes over connections that their peers have reset. OpPoll has a poll of the driver of
// its own, so the handle may be registered as well. With Multi, it completes in each Wait while its
// direction is ready. OpTimeout bounds the time that Waits spend in the kernel. OpClose closes the
// socket in Submit. The next operation of a chain begins in the Wait that takes the packet of the
// one before.
//
// Each operation costs its own system call, and a share of the one that takes packets. A receive
// with Buffers costs one more. So does an operation on a handle that has no other operation under
// way: the call attaches the handle to the port, or finds out that it is attached. An operation in
// flight takes 256 bytes outside Go's heap, and about as many inside. The memory serves later
// operations until Close.
//
// Operations that end at once also post a packet. FILE_SKIP_COMPLETION_PORT_ON_SUCCESS would save
// it, but stays with the handle for good: other code that starts operations on the handle relies on
// packets. Some layered providers post one nevertheless.
//
// # Limitations
//
// A handle belongs to the port of the first queue that performs an operation on it, until it is
// closed. On another queue, its operations complete with ERROR_INVALID_PARAMETER. Registrations are
// not affected. The same happens to a handle that package net or other code has attached to a port.
//
// A send that fails after a part completes with the error: Windows does not count the part. Message
// with a Name is refused as unsupported, and an operation of more than 2 GiB as invalid. ZeroCopy
// has no effect. SO_LINGER with a time makes OpClose fail like Close. Handles of operations with
// Buffers must be non-blocking.
//
// If the system has no memory for the packet that wakes up a blocked Wait, a completion of the
// queue itself may wait for the next event.
//
// Sockets only: files, pipes and consoles are refused with [queue.ErrNotPollable].
//
// Timeouts are rounded up to whole milliseconds, and then to the tick of the system clock, up to 16
// ms.
//
// ReadyPeerShut is reported only if the interest includes Readable. ReadyHangUp means a reset,
// ReadyError a connection that failed.
//
// After a handle is closed without Delete, its registration is silent, or reports one error. If
// another socket gets the number before Delete, the queue may report that socket instead.
//
// Exclusive is refused as unsupported.
package iocp

// Options selects parts of a queue. The zero value is the recommended one.
type Options struct {
	// Waker names the mechanism of Wake: "pqcs" (PostQueuedCompletionStatus), or "" for the same.
	Waker string
	// MaxOperations bounds the operations in flight, including those whose terminal completion has
	// not been returned. Zero means 1,048,576.
	MaxOperations int
}
