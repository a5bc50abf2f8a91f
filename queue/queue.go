package queue

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Queue reports the readiness of handles. All methods may be called from any goroutine at any time.
// Any number of goroutines may be in Wait.
type Queue interface {
	// Add registers h. If h is ready, the queue reports it at once.
	//
	// All mechanisms of a system agree on which handles can be waited for. Linux decides as
	// epoll_ctl(2) does. It accepts sockets, pipes, FIFOs, terminals, eventfds and other kernel
	// objects with a poll of their own, including other queues. It also accepts the files of /proc
	// and /sys that report changes. It refuses files on disk, memfds, directories, block devices,
	// and character devices without a poll, such as /dev/null, /dev/zero and /dev/full. Their
	// operations never return would-block. The BSDs and macOS refuse regular files, directories and
	// block devices, and leave character devices to the drivers. Windows accepts sockets only.
	//
	// Some handles are always ready, for example a file of /proc/sys. Mode Level reports such a
	// handle in every Wait, the other modes report it once.
	//
	// Errors: [ErrExists] if h is registered, [ErrNotPollable] if this kind of handle cannot be
	// waited for. [ErrInvalid] for a mode or interest that does not exist; an error that is
	// [errors.ErrUnsupported] for one that this mechanism lacks. [ErrClosed] after Close, or an
	// errno: EBADF for a handle that is not open.
	Add(h sys.Handle, r Registration) error

	// Modify replaces the registration of h, including its token, and checks readiness again. If h
	// is ready for an interest of r, the queue reports it again, in every mode. An event that
	// another Wait has already taken may still carry the old token.
	//
	// Errors: those of Add, and [ErrNotFound] if h is not registered.
	Modify(h sys.Handle, r Registration) error

	// Delete ends the registration of h. No Wait that starts after Delete has returned reports h,
	// even if its number is used again. Delete a handle before closing it: the kernel may keep a
	// closed handle registered through a duplicate.
	//
	// Errors: [ErrNotFound], [ErrClosed].
	Delete(h sys.Handle) error

	// WouldBlock reports to the queue that an operation on h in the directions of dir returned
	// would-block. From then on, a registration in mode Edge reports the next readiness. WouldBlock
	// costs nothing where edges are native, and does nothing in the other modes.
	//
	// Errors: [ErrNotFound] where edges are emulated, [ErrClosed].
	WouldBlock(h sys.Handle, dir Interest) error

	// Wait blocks until at least one registration is ready, Wake is called, or timeout has passed.
	// It stores up to len(events) events and returns their number. A negative timeout waits
	// indefinitely; zero polls. Wait returns 0, nil after a Wake or a timeout.
	//
	// One Wait reports each transition of a registration in mode Edge or OneShot, however many
	// Waits are running. In mode Level, several Waits may report the same readiness. A signal does
	// not end the Wait, which continues with the remaining time.
	//
	// Wait may use all of events as scratch space, including the part beyond the returned events.
	//
	// Errors: [ErrClosed] once Close has begun, [ErrInvalid] if events is empty.
	Wait(events []Event, timeout time.Duration) (int, error)

	// Wake makes one Wait return: a blocked one, or else the next to begin. A Wake is never lost;
	// several before a Wait has returned may count as one. Wake is safe to call at any point, and
	// cheap while an earlier Wake is pending.
	//
	// Errors: [ErrClosed].
	Wake() error

	// Features returns what the mechanism supports natively. The result never changes.
	Features() Features

	// Close ends the queue: every Wait, running or new, and every other call returns [ErrClosed].
	// Close returns after the last Wait has left the mechanism. Registered handles stay open. A
	// second Close returns ErrClosed.
	Close() error
}

// Nester is a Queue that another Queue can wait for; see Features.Nested.
type Nester interface {
	Queue
	// Handle returns a handle that is readable while a Wait would return at once. It is valid until
	// Close. After a Wait with timeout zero has returned 0, nil, the handle becomes readable anew
	// for the next event or Wake, so it can be registered in mode Edge.
	Handle() sys.Handle
}

// Token is the caller's value that comes back with each event. It should carry a generation next to
// an index. With it, the caller recognises a stale event, which another thread took before the
// registration ended.
type Token uint64

// Registration describes what the queue reports for a handle.
type Registration struct {
	Token    Token
	Interest Interest // may be None: the handle is registered, and no direction is reported
	Mode     Mode
	// Exclusive asks the kernel to wake one of the queues that wait for the same handle, instead of
	// all. A mechanism without Features.Exclusive refuses it.
	Exclusive bool
}

// Event reports the readiness of a registration, or a completion of an operation.
type Event struct {
	Token Token // of the registration or the operation
	Ready Ready
	// Disarmed holds the directions that this event disarmed: those of Ready in mode OneShot, none
	// in the other modes. Modify arms them again.
	Disarmed Interest
	// Completion is zero unless the event reports an operation; see Completer. The next fields have
	// a meaning only then.
	Completion Completion
	Kind       OpKind // of the operation
	Buffer     uint16 // with Provided: the id in Op.Buffers
	Result     int32  // what OpKind says, or the negative number of an error; see Err
}
