package queue

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Queue reports the readiness of handles. All methods may be called from any goroutine at any time,
// and any number of goroutines may be in Wait.
type Queue interface {
	// Add registers h. The registration reports h at once if it is ready.
	//
	// All mechanisms of a system agree on which handles can be waited for. Linux decides as
	// epoll_ctl(2) does: sockets, pipes, FIFOs, terminals, eventfds and other objects of the kernel
	// that have a poll of their own, other queues among them, and the files of /proc and /sys that
	// report changes. It refuses files on disk, memfds, directories, block devices, and character
	// devices without a poll, such as /dev/null, /dev/zero and /dev/full: their operations never
	// return would-block. The BSDs and macOS refuse regular files, directories and block devices,
	// and leave character devices to the drivers. Windows takes sockets only.
	//
	// Some handles are ready whatever happens, a file of /proc/sys for one: mode Level reports such
	// a handle in every Wait, the other modes once.
	//
	// Errors: [ErrExists] if h is registered, [ErrNotPollable] if this kind of handle cannot be
	// waited for, [ErrInvalid] for a mode or interest that does not exist, an error that is
	// [errors.ErrUnsupported] for one that this mechanism does not have, [ErrClosed], or an errno:
	// EBADF for a handle that is not open.
	Add(h sys.Handle, r Registration) error

	// Modify replaces the registration of h, token and all, and re-checks readiness: if h is ready
	// for an interest of r, it is reported again, in every mode. An event that another Wait has
	// already taken may still carry the old token.
	//
	// Errors: as Add, and [ErrNotFound] if h is not registered.
	Modify(h sys.Handle, r Registration) error

	// Delete ends the registration of h. No Wait that starts after Delete has returned reports it,
	// even if the number of h is used again. Delete a handle before closing it: the kernel may keep
	// a closed one registered through a duplicate.
	//
	// Errors: [ErrNotFound], [ErrClosed].
	Delete(h sys.Handle) error

	// WouldBlock says that an operation on h in the directions of dir answered that it would block.
	// From then on the next readiness is reported, if the registration is in Edge mode. It is free
	// where edges are native, and does nothing for the other modes.
	//
	// Errors: [ErrNotFound] where it is not free, [ErrClosed].
	WouldBlock(h sys.Handle, dir Interest) error

	// Wait blocks until at least one registration is ready, Wake is called, or timeout has passed,
	// stores up to len(events) events and returns how many. A negative timeout waits for ever; zero
	// polls. It returns 0, nil after a Wake or a timeout.
	//
	// A registration in mode Edge or OneShot is reported by one Wait for each transition, however
	// many are waiting; in mode Level, several may report the same readiness. A signal does not end
	// the wait: it goes on with the time that is left.
	//
	// All of events may be used as scratch space, beyond what is returned, too.
	//
	// Errors: [ErrClosed] once Close has begun, [ErrInvalid] if events is empty.
	Wait(events []Event, timeout time.Duration) (int, error)

	// Wake makes one Wait return: one that is blocked, or else the next to begin. It is never lost;
	// several before a Wait has returned may count as one. It is safe in the middle of anything,
	// and cheap when it was called already.
	//
	// Errors: [ErrClosed].
	Wake() error

	// Features says what the mechanism has natively. It does not change.
	Features() Features

	// Close ends the queue: every Wait, running or new, returns [ErrClosed], and so does every
	// other call. Close returns once no Wait is inside the mechanism any more. Registered handles
	// stay open. A second Close returns ErrClosed.
	Close() error
}

// Nester is a Queue that another can wait for; see Features.Nested.
type Nester interface {
	Queue
	// Handle returns what is readable while a Wait would return at once. It is valid until Close.
	Handle() sys.Handle
}

// Token is chosen by the caller and comes back with each event. It should carry a generation beside
// an index, so that the event of an ended registration which another thread has already taken is
// recognised as stale.
type Token uint64

// Registration is what a handle is registered for.
type Registration struct {
	Token    Token
	Interest Interest // may be None: the handle is known, and silent
	Mode     Mode
	// Exclusive asks the kernel to wake one of several queues that wait for the same handle, not
	// all. A mechanism without Features.Exclusive refuses it.
	Exclusive bool
}

// Event reports a registration.
type Event struct {
	Token Token
	Ready Ready
	// Disarmed are the directions that this event switched off: those of Ready in mode OneShot,
	// none in the others. Modify switches them on again.
	Disarmed Interest
}
