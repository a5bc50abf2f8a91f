// Package iocp is the event queue on an I/O completion port, for Windows 10 and later. Elsewhere
// New returns an error that is [errors.ErrUnsupported].
//
// Windows completes operations and does not report readiness, but its own select asks the driver
// behind the sockets, \Device\Afd, for readiness, and so does this package: a poll of one socket,
// which completes on the port when the socket is ready. That interface is not documented by
// Microsoft; libuv, wepoll and mio stand on it. ProcessSocketNotifications, which is documented,
// wants Windows 11 and is not used.
//
// A poll ends with what it reports, so one-shot is native. Level and edge are emulated: in mode
// Level, the poll starts anew when the next Wait begins, after the caller has had the chance to use
// the readiness, or at once while another Wait is blocked; in mode Edge, a direction that was
// reported is left out until WouldBlock.
//
// # Cost
//
// Each event costs one system call more, that starts the poll again, beside the one that takes up
// to 64 packets. Add and Modify ask Winsock whether the handle is an open socket; apart from that,
// a change of a registration costs nothing, unless its poll is under way and does not ask for a
// direction that is wanted: then the poll is canceled, and started again by whichever Wait takes
// the packet of the old one. All that happens under the lock of the queue, but the waiting.
//
// A registration takes 64 bytes outside of Go's heap, and about as many inside; each 32 share a
// handle of the driver. Both are kept for the next registrations until Close.
//
// # Limitations
//
// Sockets only: files, pipes and consoles are refused with [queue.ErrNotPollable].
//
// Timeouts are rounded up to whole milliseconds, and then to the tick of the system's clock, up to
// 16 ms.
//
// ReadyPeerShut is told to those who wait for reading. ReadyHangUp is a reset, ReadyError a
// connection that failed.
//
// The registration of a handle that was closed without Delete is silent from then on, or reports an
// error once. If the number goes to another socket before Delete, that one may be reported in its
// place.
//
// Exclusive is refused as unsupported.
package iocp

// Options choose parts of a queue. The zero value is what to use.
type Options struct {
	// Waker is how Wake gets through: "pqcs" (PostQueuedCompletionStatus), or "" for the same.
	Waker string
}
