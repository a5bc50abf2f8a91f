// Package wake opens the waker that the options of a queue name, and gives errors of system calls
// their meaning in the contract.
package wake

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// Open opens a waker of kind [waker.Eventfd] or [waker.Pipe]. The empty kind selects the cheapest
// that the system has.
//
// Errors: [queue.ErrInvalid] for an unknown kind, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the kind, the error is [errors.ErrUnsupported].
func Open(kind string) (*waker.Waker, error) {
	switch kind {
	case "", waker.Eventfd, waker.Pipe:
	default:
		return nil, fmt.Errorf("waker %q: %w: want %s or %s", kind, queue.ErrInvalid, waker.Eventfd, waker.Pipe)
	}
	w, err := waker.Open(kind)
	if err != nil {
		return nil, Unavailable("open waker", err)
	}
	return w, nil
}

// Unavailable wraps the error of a call that opens something. If the system lacks the call, the
// result is [errors.ErrUnsupported]; if it refuses the call, the result is [queue.ErrUnavailable].
func Unavailable(call string, err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: %w", call, err)
	}
	return fmt.Errorf("%s: %w: %w", call, queue.ErrUnavailable, err)
}
