// Package queue is an event queue: it tells which handles an operation would not block on.
//
// One contract, [Queue], is kept by every mechanism of an operating system, each in a package of
// its own (queue/epoll, queue/iouring, queue/kqueue, queue/iocp, queue/poll); package queue/auto
// picks one at run time. Every mechanism offers every trigger [Mode], natively or emulated.
//
// # Portability
//
// What holds on every mechanism is written at the methods of Queue. What differs:
//
// Spurious events. An event is a hint. The operation may still answer that it would block, for
// another thread was faster or the kernel changed its mind. Callers repeat the wait.
//
// Split and merged events. Readiness of both directions may come in one event or in two, and two
// arrivals may come as one event.
//
// Edges. With Edge, an event is promised after the caller has seen would-block and said so with
// WouldBlock. Before that it may or may not come: a native edge reports each arrival, an emulated
// one stays silent until WouldBlock. So read until would-block, or call WouldBlock after a short
// read and be ready for an event that finds nothing. On Linux a read of TCP that would block is no
// proof at the mark of urgent data: see sys.UnreadAtMark.
//
// Hang-up and error. They are not interests: they are always reported, and set the bits of every
// direction that is waited for, since the operation will not block but end or fail. Ready.HangUp
// and Ready.Error say more where the mechanism tells it. With no interest at all a hang-up may be
// reported once or not at all, but not again and again.
//
// Order. Events come in no particular order, and a Wait that finds more sources ready than fit into
// its slice reports the rest next time; no source is passed over for ever.
package queue
