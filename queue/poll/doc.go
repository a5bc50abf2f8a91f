// Package poll is the event queue on poll(2), for every Unix: the floor that always works.
// Elsewhere New returns an error that is [errors.ErrUnsupported].
//
// Level is the kernel's own; edge and one-shot are emulated: a direction that was reported is taken
// out of the poll set, and WouldBlock, or Modify for one-shot, puts it in again.
//
// # Cost
//
// A Wait costs the kernel time in proportion to the number of registrations, ready or not, and a
// copy of the poll set after each change.
//
// One Wait polls at a time. The others wait for their turn, and what becomes ready meanwhile goes
// to the one that polls; a Wait with a timeout of zero finds nothing then. Add, Modify, Delete, and
// WouldBlock in mode Edge, interrupt a Wait that is blocked in another thread, so that it looks at
// the new set: two system calls, and waking that thread. With a single thread they cost no system
// call, but Add one to see what kind of handle it got, and a second one if that is no socket.
//
// # Limitations
//
// The registration of a handle that was closed without Delete reports an error once, and is silent
// from then on.
//
// A queue takes 36 bytes for each registration, and 24 for each number up to the highest that was
// ever added.
package poll

// Options choose parts of a queue. The zero value is what to use.
type Options struct {
	// Waker is how Wake gets through: "eventfd", "pipe", or "" for the best that the system has.
	Waker string
}
