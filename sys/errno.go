package sys

import "errors"

// ErrWouldBlock is the answer of an operation that cannot go on now. It is a result, not a failure:
// the caller waits for readiness and tries again. It allocates nothing.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string { return "operation would block" }

// WouldBlock lets packages that do not import this one recognise the error by its method.
func (wouldBlock) WouldBlock() bool { return true }

// Temporary and Timeout make the error a net.Error, as EAGAIN is one.
func (wouldBlock) Temporary() bool { return true }

// Timeout reports true, as EAGAIN does.
func (wouldBlock) Timeout() bool { return true }

// Class sorts errors by what a caller does about them.
type Class uint8

// The classes.
const (
	ClassNone             Class = iota // nil
	ClassOther                         // return it to the caller
	ClassWouldBlock                    // wait for readiness, then try again
	ClassInterrupted                   // a signal came first; see the function for whether to repeat
	ClassInProgress                    // a connect goes on in the kernel; wait for Writing, then ask SocketError
	ClassDisconnected                  // the peer or the path is gone; the handle is only good for closing
	ClassRefused                       // nobody listens there
	ClassUnreachable                   // no route, or the network says no
	ClassOutOfDescriptors              // the process or the system has no descriptor left; back off, keep serving
	ClassOutOfMemory                   // the kernel has no buffer left; back off
	ClassUnsupported                   // this system does not have it
)

var classNames = [...]string{
	"none", "other", "would block", "interrupted", "in progress", "disconnected", "refused", "unreachable",
	"out of descriptors", "out of memory", "unsupported",
}

// String returns the class in words.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown class"
}

// ClassOf sorts err, looking through wrapping.
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
