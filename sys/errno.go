package sys

import "errors"

// ErrWouldBlock is the result of an operation that could not progress. It is a result, not a
// failure: the caller waits for readiness and tries again. Returning it does not allocate.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string { return "operation would block" }

// WouldBlock lets packages that do not import this one recognize the error by its method.
func (wouldBlock) WouldBlock() bool { return true }

// Temporary and Timeout make the error a net.Error, like EAGAIN.
func (wouldBlock) Temporary() bool { return true }

// Timeout returns true, as EAGAIN does.
func (wouldBlock) Timeout() bool { return true }

// Class groups errors by how a caller handles them.
type Class uint8

// The classes.
const (
	ClassNone             Class = iota // nil
	ClassOther                         // return it to the caller
	ClassWouldBlock                    // wait for readiness, then try again
	ClassInterrupted                   // a signal came first; see the function for whether to retry
	ClassInProgress                    // a connect continues; wait for Writable, then call SocketError
	ClassDisconnected                  // the peer or the path is gone; the handle can only be closed
	ClassRefused                       // no socket listens there
	ClassUnreachable                   // no route, or the network refused
	ClassOutOfDescriptors              // no descriptor is left in the process or the system; back off, keep serving
	ClassOutOfMemory                   // the kernel has no buffer left; back off
	ClassUnsupported                   // this system lacks the operation
)

var classNames = [...]string{
	"none", "other", "would block", "interrupted", "in progress", "disconnected", "refused", "unreachable",
	"out of descriptors", "out of memory", "unsupported",
}

// String returns the name of the class.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown class"
}

// ClassOf returns the class of err. It unwraps err.
func ClassOf(err error) Class {
	if err == nil {
		return ClassNone
	}
	if err == ErrWouldBlock {
		return ClassWouldBlock
	}
	if c := classOfErrno(err); c != ClassOther {
		return c
	}
	if errors.Is(err, ErrWouldBlock) {
		return ClassWouldBlock
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return ClassUnsupported
	}
	return ClassOther
}
