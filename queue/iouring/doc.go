// Package iouring is the event queue on poll operations of io_uring(7), for Linux 5.13 and later
// where the system lets a process use it. Elsewhere New returns an error that is
// [errors.ErrUnsupported].
//
// Edge is a poll of the kernel's that reports every wake-up (IORING_POLL_ADD_MULTI), one-shot one
// that reports once. Level is emulated by one-shot polls: one that has reported is started anew
// with the next Wait, when the caller has had the chance to read.
//
// # Cost
//
// WouldBlock is free. The requests of Add and Modify go to the kernel together with the next Wait,
// and so do the polls that mode Level starts anew. A Wait that blocks in another thread is
// interrupted for them, once for all that come before it runs: one system call, and waking that
// thread. Add and Modify also look at what the handle is: fstat(2) for a socket, and one call more
// for anything else. Delete is one system call if a poll is under way, and gives the kernel's
// reference to the file back. A Wait makes no system call while the ring holds completions that an
// earlier one had no room for.
//
// One Wait is in the kernel at a time. The others wait for their turn, and what becomes ready
// meanwhile goes to the one that is in the kernel; a Wait with a timeout of zero finds nothing
// then.
//
// The kernel completes a poll in the thread that submitted it, which is one that waited then, and
// which it interrupts for that. Where the goroutines that wait change threads, or take turns, two
// threads have to run before a Wait returns. A ring is at its best where one thread waits; many may
// share one, and lose nothing but time.
//
// # Delete before close
//
// A poll holds a reference to its file. A handle that is closed without Delete stays open in the
// kernel, so that its peer sees no end of the stream and a listener goes on listening, until the
// poll completes or the queue is closed; and mode Level then starts a new poll on whatever has the
// number. Where none has it, an error is reported once, and the registration is silent from then
// on. Delete gives the reference back at once if the poll was submitted by the thread that calls
// it, else as soon as the thread that submitted it has run in the kernel.
//
// # Limitations
//
// Once Handle was called, polls are started anew at the end of a Wait, not with the next, so that
// the handle tells the truth: mode Level then may report once more what was read meanwhile.
// Completions of polls that Modify or Delete ended make the handle readable, too, though a Wait
// finds nothing in them: wait with a timeout of zero.
//
// Completions that do not fit into the ring (4096) stay in the kernel until there is room. If the
// kernel has no memory for them, it drops them and says so; all polls are started anew then, so
// that readiness is reported, if not each edge.
//
// While the kernel has no memory for a request, it is asked again after pauses of a millisecond:
// Wait does so as long as its timeout allows, and other calls a few times before they return
// EAGAIN.
//
// The table of registrations is indexed by handle and takes 24 bytes for each number up to the
// highest that was ever added. A ring takes about 100 KiB in the kernel, which Linux before 5.12
// counts against RLIMIT_MEMLOCK.
//
// Seen to work on Linux 6.18. Older kernels are refused by what they lack, not by their version.
package iouring

// Options choose parts of a queue. The zero value is what to use.
type Options struct {
	// Waker is how Wake gets through: "nop", a request that does nothing; "eventfd", "pipe", or ""
	// for the best.
	Waker string
}
