package queue

import "errors"

// Errors of a Queue. They are wrapped with the operation and the handle: compare with errors.Is.
var (
	ErrClosed      = errors.New("queue: closed")
	ErrExists      = errors.New("queue: handle is registered already")
	ErrNotFound    = errors.New("queue: handle is not registered")
	ErrNotPollable = errors.New("queue: this kind of handle cannot be waited for")
	ErrInvalid     = errors.New("queue: invalid argument")
	// ErrUnavailable says that this system has the mechanism but does not let this process use it: a
	// sandbox, or no descriptor left. The error that wraps it has the reason.
	ErrUnavailable = errors.New("queue: mechanism is not available")
)
