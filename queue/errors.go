package queue

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

// Errors of a Queue. The methods wrap them with the operation and the handle; compare with
// errors.Is.
var (
	ErrClosed   = errors.New("queue: closed")
	ErrExists   = errors.New("queue: handle already registered")
	ErrNotFound = errors.New("queue: handle not registered")
	// ErrNotPollable is returned for a kind of handle that cannot be waited for. stream.Adopt
	// returns the same error.
	ErrNotPollable = sys.ErrNotPollable
	ErrInvalid     = errors.New("queue: invalid argument")
	// ErrUnavailable means that this system has the mechanism but does not let this process use it.
	// The cause is a sandbox, or that no handle is left. The error that wraps it gives the reason.
	ErrUnavailable = errors.New("queue: mechanism unavailable")
	// ErrCanceled is the result of an operation that ended by Cancel or by the failure of its
	// chain.
	ErrCanceled = errors.New("queue: operation canceled")
	// ErrNoBuffers is the result of an operation that found all its Buffers lent.
	ErrNoBuffers = errors.New("queue: all buffers are lent")
	// ErrFull means that as many operations are in flight as the queue holds. Take completions,
	// then submit again.
	ErrFull = errors.New("queue: too many operations in flight")
	// ErrBusy means that Buffers are in use.
	ErrBusy = errors.New("queue: buffers in use")
)
