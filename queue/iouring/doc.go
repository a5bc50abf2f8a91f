// Package iouring implements the event queue on io_uring(7), for Linux 5.13 and later. The system
// must let the process use io_uring. On other systems New returns an error that is
// [errors.ErrUnsupported].
//
// Readiness comes from poll operations. Edge is a kernel poll that reports every wake-up
// (IORING_POLL_ADD_MULTI); one-shot is one that reports once. One-shot polls also emulate level.
// The next Wait restarts a poll that has reported, after the caller has had the chance to read.
//
// # Operations
//
// On Linux 6.0 and later the kernel performs the operations of [queue.Completer], and Features has
// Completions. On an older kernel Submit returns [errors.ErrUnsupported].
//
// Submit stores an operation. All operations of a turn enter the kernel in the call that waits, and
// that call also brings completions: an operation costs no system call of its own. OpConnect to an
// IP address and an IPv6 address with a zone cost one. In steady state no operation allocates.
//
// The kernel performs operations on sockets, and on pipes and other handles that read(2) and
// write(2) transfer. The queue hides that the latter need several submissions.
//
// The kernel starts the next operation of a chain itself after a send, a connect or a close. It
// cannot cancel an operation that waits for its predecessor, so a Cancel then takes effect when
// that ends. After other kinds the queue starts the next operation, in the Wait that returns the
// completion.
//
// # One waiter
//
// With [Options].SingleWaiter the ring belongs to the thread of the first Wait. The kernel then
// does its work for the ring only while that thread waits (IORING_SETUP_DEFER_TASKRUN), and
// interrupts no thread. What other threads add, change or submit is stored, and the waker makes a
// Wait that is blocked take it. So is a Delete: the kernel may hold the file until the next Wait. A
// goroutine that calls Wait must be locked to its thread (runtime.LockOSThread).
//
// Close by another thread, while no Wait is running, cannot cancel what the thread submitted. It
// closes the ring, and waits until the kernel has freed it.
//
// # Cost
//
// WouldBlock costs nothing. The submissions of Add and Modify go to the kernel together with the
// next Wait, as do the polls that mode Level restarts. They interrupt a Wait that is blocked in
// another thread, once for all that come before it runs. An interruption costs one system call and
// waking that thread.
//
// Add and Modify also check the kind of the handle: getsockopt(2) for a socket, and two more calls
// for any other handle. Delete is one system call if a poll is under way, and releases the kernel's
// reference to the file. A Wait makes no system call while the ring holds completions for which an
// earlier Wait had no room.
//
// A registered listener costs a descriptor of its own, until Delete: an epoll instance that the
// ring polls instead of it. It costs two system calls at Add, one more at Modify and one more at
// Delete.
//
// Only one Wait is in the kernel at a time; the others wait for their turn. Meanwhile, everything
// that becomes ready goes to the Wait in the kernel, and a Wait with a timeout of zero finds
// nothing.
//
// Features.Urgent is false: the kernel stores the bits of the wake-up, which are the same for all
// data. After a short read of TCP, a stream therefore asks the kernel for an urgent mark. This is a
// system call per message that epoll does not need.
//
// The kernel completes a poll in the thread that submitted it. That thread was in a Wait then, and
// the kernel interrupts it for the completion. If the waiting goroutines change threads, or take
// turns, two threads have to run before a Wait returns. A ring works best with one waiting thread.
// Many threads may share a ring; this costs only time. SingleWaiter avoids the interruption.
//
// A send with [queue.Op].Quiet asks for no completion on success. Its bytes leave in the Wait that
// submits it, and that Wait continues to wait.
//
// # Delete before close
//
// A poll holds a reference to its file. A handle that is closed without Delete stays open in the
// kernel until the poll completes or the queue is closed. Until then its peer sees no end of the
// stream. A listener is not held; see below.
//
// After the poll has completed, mode Level starts a new poll on whatever file has the number. If no
// file has the number when a poll starts, the queue reports one error, and the registration is
// silent afterwards.
//
// Delete releases the reference at once if the calling thread submitted the poll. Otherwise the
// kernel releases it as soon as the thread that submitted the poll has run in the kernel.
//
// # A process that is killed
//
// The kernel ends the requests of a killed process in a worker, some milliseconds after the parent
// of the process has seen its end. Until then they hold their files: the peers of connections see
// the end that much later than with epoll.
//
// A listener would keep its address, and the next process would get EADDRINUSE. Therefore the ring
// does not poll listeners, but an epoll instance per listener, which does not hold it. The kernel
// closes the listener with the process, as with epoll. The ring does hold a listener:
//
//   - with an OpAccept or an OpPoll in flight
//   - with an exclusive registration, because epoll would pass the wake-up on to all queues
//   - with interest Writable only
//   - if no epoll instance could be opened when it was registered, for lack of descriptors or
//     because of a sandbox
//   - if it began to listen after Add
//
// In these cases, a server that is started at once should repeat a bind(2) that returns EADDRINUSE,
// at intervals and for a second in all. SO_REUSEPORT is no remedy: the kernel would give
// connections to the listener that is about to end, and reset them. Close and an orderly exit
// through it leave nothing in the kernel.
//
// # Limitations
//
// After the first call of Handle, polls restart at the end of a Wait and not with the next one. So
// the readiness of the handle matches that of the queue. Mode Level may then report once more what
// the caller read meanwhile. Completions of polls that Modify or Delete ended also make the handle
// readable, though a Wait finds no event in them. Therefore call Wait with a timeout of zero.
//
// Completions that do not fit into the ring (1024) stay in the kernel until there is room. If the
// kernel has no memory for them, it drops them and reports the loss. The queue then restarts all
// polls, so that it reports readiness, but not each edge. It also restarts the operations; one
// whose completion was lost completes with EBADR.
//
// Close waits up to ten seconds for the operations that it cancels. If some have not ended by then,
// it returns [queue.ErrBusy], and their memory is never freed.
//
// While the kernel has no memory for a submission, the queue retries after pauses of a millisecond.
// Wait retries within its timeout. Other calls retry a few times before they return EAGAIN.
//
// A listener that was shut down is reported as readable, without ReadyHangUp. Accept returns the
// error.
//
// The table of registrations is indexed by handle and takes 24 bytes for each number up to the
// highest that was ever added. It frees pages of 64 numbers that have no registration, except for
// 16. An operation takes 24 bytes, and more if it sends or has memory of the caller.
//
// A ring takes 28 KiB in the kernel. Linux before 5.12, and again 6.18, counts the rings of a user
// against RLIMIT_MEMLOCK, except those of processes with CAP_IPC_LOCK. A limit of 8 MiB, the
// default of Linux, has room for 290 rings. The kernel counts a closed ring for some 10 ms more.
// New and NewBuffers therefore retry after ENOMEM, for about 2 s.
//
// Tested on Linux 6.18. New refuses an older kernel because of a missing feature, not because of
// its version.
package iouring

// Options selects parts of a queue. The zero value is the recommended one.
type Options struct {
	// Waker names the mechanism of Wake: "nop", a submission that does nothing; "eventfd", "pipe",
	// or "" for the best.
	Waker string

	// SingleWaiter promises that one goroutine, locked to its thread, makes all calls of Wait. The
	// ring then belongs to that thread, which spares the kernel locks and interruptions. All other
	// methods may still be called from any goroutine. A Wait during another Wait returns
	// [queue.ErrInvalid]. So does a Wait from another thread when it enters the kernel.
	//
	// The waker "nop" is refused. The queue is not Nested. Before Linux 6.1 New ignores the option:
	// then Features has Nested.
	SingleWaiter bool
}
