package queue

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

// Errors of a Queue. They are wrapped with the operation and the handle: compare with errors.Is.
var (
	ErrClosed   = errors.New("queue: closed")
	ErrExists   = errors.New("queue: handle is registered already")
	ErrNotFound = errors.New("queue: handle is not registered")
	// ErrNotPollable is returned for a kind of handle that cannot be waited for. It is the error
	// that stream.Adopt returns, too.
	ErrNotPollable = sys.ErrNotPollable
	ErrInvalid     = errors.New("queue: invalid argument")
	// ErrUnavailable says that this system has the mechanism but does not let this process use it:
	// a sandbox, or no descriptor left. The error that wraps it has the reason.
	ErrUnavailable = errors.New("queue: mechanism is not available")
)
