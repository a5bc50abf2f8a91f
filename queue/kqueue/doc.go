// Package kqueue implements the event queue on kqueue(2), for FreeBSD 12, NetBSD 9, OpenBSD 7,
// DragonFly 6, macOS, and later versions. On other systems New returns an error that is
// [errors.ErrUnsupported].
//
// Each direction of a registration is a filter of its own, so nothing is emulated. Level is a plain
// filter, Edge is EV_CLEAR, and OneShot is EV_DISPATCH, which disarms one direction only.
//
// # Cost
//
// WouldBlock costs nothing. Add is two system calls, because it checks the kind of the handle;
// Modify and Delete are one. All run under the lock of the queue. A Wait takes that lock once for
// all its events, after the kernel has returned them.
//
// # Limitations
//
// A Wait returns at most 64 events, even into a larger slice. Both directions of a handle come in
// two events.
//
// ReadyHangUp is reported for pipes. For a socket, it is reported only if the interest is Both and
// both directions were reported as ended. The kernel reports the end of each direction separately.
// It also reports the end of writing after the process's own Shutdown.
//
// Regular files, directories and block devices are refused, as epoll does. The kernel would accept
// them, but it reports the distance to the end of a file, not readiness. A queue can wait for a
// kqueue in direction Readable only. Which devices and terminals work depends on their drivers. For
// example, /dev/null may be accepted; it is then always ready, which mode Edge reports once.
//
// When no reader of a pipe is left, its writer gets a separate event, besides the event for room in
// the pipe. Before OpenBSD 7.1, the writer gets no such event while the pipe is full. There, Add
// returns EPIPE if the reader is already gone.
//
// If the kernel refuses a Modify after it has removed the old filters, the handle stays registered
// but is silent.
//
// A queue does not survive fork(2): the child does not inherit the handle.
//
// The table of registrations is indexed by handle and takes 24 bytes for each number up to the
// highest that was ever added.
//
// # Tested systems
//
// The conformance suite finds no fault on the kqueue, sockets and pipes of the NetBSD kernel
// 7.99.34, with the waker "pipe". That kernel was built as a library (rump(7)). Code that only
// other systems use has been compiled but never run. It includes the waker "user" and, on FreeBSD,
// DragonFly and macOS, the handling of a pipe whose reader is gone.
package kqueue

// Options selects parts of a queue. The zero value is the recommended one.
type Options struct {
	// Waker names the mechanism of Wake: "user", "pipe", or "" for the best that the system has.
	// "user" is EVFILT_USER; OpenBSD lacks it, and NetBSD before version 10.
	Waker string
}
