// Package epoll implements the event queue on epoll(7), for Linux 4.5 and later. On other systems
// New returns an error that is [errors.ErrUnsupported].
//
// The kernel provides level and edge. One-shot is EPOLLONESHOT, which disarms a handle as a whole.
// When an event of one direction is delivered, the queue arms the other direction again. That costs
// registrations for both directions one more system call.
//
// WouldBlock costs nothing. Add, Modify and Delete are one system call each under the lock of the
// queue. A Wait takes that lock once for all its events, after the kernel has returned them.
//
// # Limitations
//
// Before Linux 5.11, which introduced epoll_pwait2(2), timeouts are rounded up to whole
// milliseconds.
//
// Exclusive (EPOLLEXCLUSIVE) is refused as unsupported together with OneShot, and its events carry
// no ReadyPeerShut. Modify of an exclusive registration removes the handle and adds it again; if
// the second step fails, the registration is gone.
//
// A handle that was closed without Delete stays registered in the kernel while a duplicate of it is
// open, including one in a child process. No call can then remove it. In mode Level it keeps Wait
// busy with events that Wait drops.
//
// The table of registrations is indexed by handle and takes 16 bytes for each number up to the
// highest that was ever added.
package epoll

// Options selects parts of a queue. The zero value is the recommended one.
type Options struct {
	// Waker names the mechanism of Wake: "eventfd", "pipe", or "" for the best.
	Waker string
}
