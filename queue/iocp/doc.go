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
// # Limitations
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
}
