// Package kqueue is the event queue on kqueue(2), for FreeBSD 12, NetBSD 9, OpenBSD 7, DragonFly 6
// and macOS, and what came after them. Elsewhere New returns an error that is
// [errors.ErrUnsupported].
//
// Each direction of a registration is a filter of its own, so that nothing is emulated: Level is a
// plain filter, Edge is EV_CLEAR, and OneShot is EV_DISPATCH, which switches off one direction
// only.
//
// # Cost
//
// WouldBlock costs nothing. Add is two system calls, for it looks at what kind of handle it got;
// Modify and Delete are one. All are made under the lock of the queue, which a Wait takes once for
// all its events, after the kernel has returned them.
//
// # Limitations
//
// A Wait returns up to 64 events, however many it is given room for. Both directions of a handle
// come in two events.
//
// ReadyHangUp is told of pipes, and of sockets whose both directions are waited for and were
// reported to be over: the kernel tells the end of each direction by itself, that of writing also
// after a Shutdown of one's own.
//
// Regular files, directories and block devices are refused, as epoll does, though the kernel would
// take them: there it reports the distance to the end of a file, not readiness. A kqueue is waited
// for in the direction Readable only. Which devices and terminals work depends on their drivers:
// /dev/null may be accepted, and is ready for ever then, which mode Edge reports once.
//
// A writer hears that nobody reads its pipe any more in an event of its own, beside that of the
// room in the pipe. Before OpenBSD 7.1 it does not hear of it while the pipe is full, and Add
// answers EPIPE if it comes late.
//
// A Modify that the kernel refuses after it has forgotten what was before leaves the handle
// registered, and silent.
//
// A queue does not survive fork(2): the child does not inherit the descriptor.
//
// The table of registrations is indexed by handle and takes 24 bytes for each number up to the
// highest that was ever added.
//
// # Where it has run
//
// On the kqueue, sockets and pipes of the NetBSD kernel, version 7.99.34, built as a library
// (rump(7)), with the waker "pipe": the conformance suite finds no fault in it there. What only
// other systems have, the waker "user" and the reader that is gone on FreeBSD, DragonFly and macOS
// among it, has been compiled and never run.
package kqueue

// Options choose parts of a queue. The zero value is what to use.
type Options struct {
	// Waker is how Wake gets through: "user" (EVFILT_USER; not on OpenBSD, nor on NetBSD before
	// version 10), "pipe", or "" for the best that the system has.
	Waker string
}
