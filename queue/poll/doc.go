// Package poll implements the event queue on poll(2), for every Unix. It is the fallback that works
// on all of them. On other systems New returns an error that is [errors.ErrUnsupported].
//
// The kernel provides level; the queue emulates edge and one-shot. It removes a reported direction
// from the poll set. WouldBlock puts it back in mode Edge, Modify in mode OneShot.
//
// # Cost
//
// Per Wait, the kernel spends time in proportion to the number of registrations, ready or not.
// After each change, the Wait also copies the poll set.
//
// Only one Wait polls at a time; the others wait for their turn. Meanwhile, everything that becomes
// ready goes to the Wait that polls, and a Wait with a timeout of zero finds nothing.
//
// Add, Modify, Delete, and WouldBlock in mode Edge, interrupt a Wait that is blocked in another
// thread, so that it uses the new set. The interruption costs two system calls and waking that
// thread. With a single thread these methods make no system call, except Add. Add makes one to find
// the kind of the handle, and a second one if it is not a socket.
//
// # Limitations
//
// The registration of a handle that was closed without Delete reports one error, and is silent
// afterwards.
//
// A queue takes 36 bytes per registration, and 24 bytes for each number up to the highest that was
// ever added.
package poll

// Options selects parts of a queue. The zero value is the recommended one.
type Options struct {
	// Waker names the mechanism of Wake: "eventfd", "pipe", or "" for the best that the system has.
	Waker string
}
