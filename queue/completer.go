package queue

import (
	"math"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Completer is a Queue that also performs operations, and reports each when it is done. Wait
// returns completions and readiness together. All methods may be called from any goroutine at any
// time.
//
// An operation owns its memory from Submit to its terminal completion: the kernel may read or write
// that memory at any moment in between. Each submitted operation has exactly one terminal
// completion. To close a handle, cancel its operations, wait for their terminal completions, Delete
// its registration, and only then close it. A kernel that still has an operation keeps the file
// open: the peer sees no end, and the operation takes the peer's next bytes.
//
// Package iouring and package iocp complete natively. Package completion makes a Completer of any
// Queue.
type Completer interface {
	Queue

	// Submit starts an operation as *op describes it, and returns its id. The queue copies *op, so
	// the caller may use the variable again at once. The memory to which op refers belongs to the
	// operation; see [Op].
	//
	// The operation may begin only in the next Wait, so that all operations of a turn enter the
	// kernel in one call. If a Wait is running, Submit makes it take the operation. Operations on
	// the same handle and of the same direction begin in the order of submission. Their completions
	// come in any order, except those of one operation with Multi. The bytes of two sends that are
	// in flight on one stream may interleave, and so may those of two receives: submit one at a
	// time, or a chain.
	//
	// A failure of the operation itself is its completion and not an error of Submit. After an
	// error, no completion follows, and the memory stays the caller's.
	//
	// Errors: [ErrInvalid] for a kind or a combination of fields that does not exist; [ErrFull] if
	// the bound on operations in flight is reached; [errors.ErrUnsupported] if this mechanism lacks
	// the operation; [ErrClosed], before all others.
	Submit(op *Op) (OpID, error)

	// SubmitChain submits the operations of ops so that each begins when the one before has
	// succeeded, and stores their ids in ids, which has the same length. If one fails, is canceled
	// or moves less than all its bytes, the rest complete with [ErrCanceled]. All bytes of a
	// receive are the room for them, or with Buffers at least one. No operation of a chain may be
	// Multi. After an error, none was submitted.
	//
	// Errors: those of Submit.
	SubmitChain(ops []Op, ids []OpID) error

	// Cancel requests the end of an operation, and does not wait for it. The operation still has
	// its one terminal completion. That is [ErrCanceled], or the result of the operation if it came
	// first: a completion that moved bytes, or accepted a handle, always reports them.
	//
	// Errors: [ErrNotFound] if a Wait has already returned the terminal completion; [ErrClosed].
	Cancel(id OpID) error

	// NewBuffers returns count buffers of size bytes for the operations of this queue. A mechanism
	// may round count up to a power of two.
	//
	// Errors: [ErrInvalid] unless count is between 1 and [MaxBuffers] and size between 1 and
	// [MaxBufferSize]; [ErrClosed]; those of the system if it has no memory.
	NewBuffers(count, size int) (Buffers, error)

	// Close also cancels all operations and waits until they have ended. Their completions are
	// dropped, with two consequences: handles that they accepted are closed, and no memory of
	// theirs is used afterwards. Bytes that they received are lost.
	Close() error
}

// Bounds of NewBuffers.
const (
	MaxBuffers    = 1 << 15
	MaxBufferSize = 1 << 20
)

// Buffers is memory that a queue lends to its caller. An operation that receives with Op.Buffers
// takes a buffer only when there are bytes for it. Idle connections therefore hold none. All
// methods may be called from any goroutine.
type Buffers interface {
	// Bytes returns the whole of buffer id, which a completion with Provided has lent. The caller
	// may write to it until Return.
	Bytes(id uint16) []byte

	// Return gives a lent buffer back. The caller must not use its bytes afterwards. Return panics
	// if the buffer is not lent.
	Return(id uint16)

	// Count returns the number of buffers, and Size the number of bytes in each.
	Count() int
	Size() int

	// Lent returns the number of buffers that completions have lent and that are not returned.
	Lent() int

	// Close frees the memory. Close of the queue does so too, except that lent buffers stay valid
	// until Return.
	//
	// Errors: [ErrBusy] while a buffer is lent or an operation with these Buffers is in flight;
	// [ErrClosed] for a second Close, and after Close of the queue.
	Close() error
}

// OpID identifies an operation in flight. The zero OpID is no operation. The queue does not use an
// id again before 2^32 operations have taken its place.
type OpID uint64

// Op describes an operation. Its memory is what Data, Vector and Message refer to, including the
// slices of Vector and all that Message holds.
type Op struct {
	// Token comes back in every completion of the operation.
	Token Token
	// Handle is that of all kinds except OpTimeout. It need not be registered, and it must be one
	// that [Queue.Add] would accept.
	Handle sys.Handle
	// Data is what OpSend sends, or where OpRecv receives to.
	Data []byte
	// Vector replaces Data if it is not nil. It holds at most sys.MaxSegments segments.
	Vector [][]byte
	// Message is the datagram of OpRecvMessage and OpSendMessage. Its Addr or Name is the peer of
	// OpConnect.
	Message *sys.Message
	// Buffers replaces Data of OpRecv if it is not nil: the queue chooses a buffer when there are
	// bytes. The completion then has Provided and the id of the buffer.
	Buffers Buffers
	// After is the duration of OpTimeout.
	After time.Duration
	// Kind is what to do.
	Kind OpKind
	// Interest is what OpPoll polls for. Errors and hang-ups are always reported.
	Interest Interest
	// Multi keeps an OpAccept, OpPoll or OpRecv with Buffers going after a completion. Each
	// completion except the terminal one then has More.
	Multi bool
	// Quiet keeps the success of an OpSend from ending a Wait. The next Wait that returns for
	// another reason, such as Wake, reports the completion. A failure ends a Wait as usual. A
	// mechanism may ignore Quiet.
	Quiet bool
	// ZeroCopy allows the kernel to send from Data instead of from a copy, if that is cheaper. The
	// terminal completion comes when the kernel no longer needs Data.
	ZeroCopy bool
}

// OpKind is the kind of an operation.
type OpKind uint8

// The kinds of operations, with the Result of a completion that succeeded.
const (
	OpNone OpKind = iota

	// OpRecv receives from a stream. Its result is the number of bytes, zero at the end of the
	// stream. It moves at least one byte if there is one, and may move fewer than there are.
	//
	// With Buffers it fails with ErrNoBuffers if all are lent, perhaps before there are bytes. That
	// completion is terminal. Submit the operation again after a Return.
	OpRecv
	// OpSend sends all of Data to a stream. Its result is the number of bytes. It is less than all
	// only if the operation was canceled or failed after a part. The next operation then returns
	// the error.
	OpSend
	// OpRecvMessage receives a datagram into Message. Its result is the number of bytes.
	OpRecvMessage
	// OpSendMessage sends a datagram. Its result is the number of bytes.
	OpSendMessage
	// OpAccept accepts a connection. Its result is the handle, which is non-blocking and
	// close-on-exec, and belongs to the caller.
	OpAccept
	// OpConnect connects to the peer in Message.Addr, or in Message.Name for a Unix-domain socket.
	// Its result is zero.
	OpConnect
	// OpPoll waits until a direction of Interest is ready. Its result is a [Ready]. With Multi it
	// completes again when the handle becomes ready anew, and perhaps more often.
	OpPoll
	// OpClose closes Handle. Its result is zero. No other operation on the handle may be in flight.
	OpClose
	// OpTimeout completes after After. Its result is zero.
	OpTimeout
)

var opKindNames = [...]string{
	"none", "recv", "send", "receive message", "send message", "accept", "connect", "poll", "close", "timeout",
}

// String returns the kind in words.
func (k OpKind) String() string {
	if int(k) < len(opKindNames) {
		return opKindNames[k]
	}
	return "unknown operation"
}

// Completion holds the bits of an [Event] that reports an operation. It is zero in an event that
// reports readiness.
type Completion uint8

// The bits of Completion.
const (
	Completed Completion = 1 << iota // set in the completion of an operation
	More                             // the operation continues: this completion is not terminal
	Provided                         // Event.Buffer is lent to the caller until Return; only with a positive result
)

// Values of Event.Result that stand for an error of this package rather than for an errno.
const (
	ResultCanceled  = math.MinInt32     // ErrCanceled
	ResultNoBuffers = math.MinInt32 + 1 // ErrNoBuffers
)

// Terminal reports whether e is the last completion of its operation.
func (e *Event) Terminal() bool { return e.Completion&(Completed|More) == Completed }

// Err returns the error of a completion, or nil. It is [ErrCanceled], [ErrNoBuffers], or the errno
// of the system. It does not allocate for the errors of this package.
func (e *Event) Err() error {
	switch {
	case e.Result >= 0:
		return nil
	case e.Result == ResultCanceled:
		return ErrCanceled
	case e.Result == ResultNoBuffers:
		return ErrNoBuffers
	}
	return syscall.Errno(-e.Result)
}
