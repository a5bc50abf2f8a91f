// Package completion makes a [queue.Completer] of any queue of readiness.
//
// An operation is tried in the Wait that follows its Submit. If it would block, it is tried again
// when the queue below reports its direction. The calls are those of package sys, made by the
// goroutine that is in Wait. The package starts no goroutine.
//
// # Order
//
// Per handle and direction, one operation is tried at a time, in the order of submission. A connect
// counts as sending, an accept as receiving. Operations of kind OpPoll take no place in that order:
// they complete before the bytes that they report are received.
//
// # Registrations
//
// The queue below has one registration per handle. The caller's registration and the operations
// share it. Edges are emulated for the caller, on every mechanism: after an event in mode Edge, the
// next one of that direction follows [queue.Queue.WouldBlock]. So Features has no NativeEdge.
//
// The last operation of a handle ends its registration below, unless the caller has one. The caller
// may thus close the handle after the terminal completions.
//
// # Costs
//
// An operation that does not block costs its own system call. One that blocks on a handle without
// another operation or registration costs two more, to register the handle and to end that. They
// are saved while an operation with Multi is in flight, or while the caller has the handle
// registered. Operations on handles other than sockets, accepts and connects make one more call,
// which restores the non-blocking flag. A datagram with an address costs up to three more, to find
// the family of the socket, for the first such datagram of a handle in a row.
//
// Nothing is allocated per operation in steady state. An operation in flight takes about 200 bytes,
// and so does a handle with operations.
//
// # Limitations
//
// ZeroCopy has no effect. An OpPoll with Multi completes once per event of the queue below. Where
// edges are emulated below, it completes in each Wait while its direction is ready.
//
// A connect to a Unix-domain socket whose queue is full fails with EAGAIN: the kernel reports no
// room there. A datagram to a full Unix-domain socket to which the sender is not connected waits
// for an event of the sender for the same reason.
//
// On Windows, datagrams are not supported, and a reset may look like the end of the stream. Package
// iocp completes natively there.
package completion

// Options configures a queue.
type Options struct {
	// MaxOperations bounds the operations in flight, including those whose terminal completion has
	// not been returned. Zero means 1,048,576.
	MaxOperations int
}
