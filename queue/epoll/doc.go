// Package epoll is the event queue on epoll(7), for Linux 4.5 and later. Elsewhere New returns an
// error that is [errors.ErrUnsupported].
//
// Level and edge are the kernel's own. One-shot is EPOLLONESHOT, which switches a handle off as a
// whole: an event of one direction switches the other on again while it is delivered, one system
// call more for registrations that wait for both.
//
// WouldBlock costs nothing. Add, Modify and Delete are one system call each under the lock of the
// queue; a Wait takes that lock once for all its events, after the kernel has returned them.
//
// # Limitations
//
// Timeouts are rounded up to whole milliseconds before Linux 5.11, which brought epoll_pwait2(2).
//
// Exclusive (EPOLLEXCLUSIVE) does not go together with OneShot, which is refused as unsupported,
// and does not tell ReadyPeerShut. Modify of an exclusive registration removes the handle and adds
// it again; if the second step fails, the registration is gone.
//
// A handle that was closed without Delete stays registered in the kernel as long as a duplicate of
// it is open, a child process' included, and cannot be removed by anybody. In mode Level it then
// keeps Wait busy with events that are dropped.
//
// The table of registrations is indexed by handle and takes 16 bytes for each number up to the
// highest that was ever added.
package epoll

// Options choose parts of a queue. The zero value is what to use.
type Options struct {
	// Waker is how Wake gets through: "eventfd", "pipe", or "" for the best.
	Waker string
}
