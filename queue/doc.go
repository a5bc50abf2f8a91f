// Package queue defines an event queue that reports which handles are ready for I/O.
//
// Every mechanism of an operating system implements one contract, [Queue], in a package of its own:
// queue/epoll, queue/iouring, queue/kqueue, queue/iocp and queue/poll. Package queue/auto picks one
// at run time. Every mechanism offers every [Mode], natively or emulated.
//
// # Portability
//
// The methods of Queue document what holds on every mechanism. The mechanisms differ as follows.
//
// Spurious events. An event is a hint. The operation may still return would-block, because another
// thread was faster or the readiness has gone. The caller then waits again.
//
// Split and merged events. The readiness of both directions may come in one event or in two. Two
// arrivals may come as one event.
//
// Edges. In mode Edge, an event is promised only after the caller has seen would-block and has
// called WouldBlock. Before that an event may or may not come: a native edge reports each arrival,
// an emulated one stays silent until WouldBlock. So read until would-block, or call WouldBlock
// after a short read and expect that an event may find nothing. Where edges are emulated, an event
// then reports what the short read has left: the end of the stream, or bytes after an urgent mark.
// On Linux, a TCP read that returns would-block at the mark of urgent data proves nothing: see
// sys.UnreadAtMark.
//
// Hang-up and error. They are not interests: every mechanism always reports them. They set the bits
// of every direction of the interest, because the operation does not block but ends or fails.
// [ReadyHangUp] and [ReadyError] add detail where the mechanism reports it. With interest [None], a
// hang-up is reported at most once, never repeatedly.
//
// Order. Events come in no particular order. A Wait that finds more ready sources than fit into its
// slice leaves the rest to the next Wait; no source is passed over indefinitely.
package queue
