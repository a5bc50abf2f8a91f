// Package wake ends the wait of a mechanism from another thread, through a handle that becomes
// readable.
package wake

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// The kinds of Waker.
const (
	Eventfd = "eventfd" // a counter in the kernel; Linux
	Pipe    = "pipe"    // a pipe that holds a byte; every Unix
)

// Waker is a handle that Signal makes readable and Clear makes unreadable. Signal and Clear may run
// concurrently. The caller ensures that no method runs after Close.
type Waker struct {
	kind  string
	read  sys.Handle
	write sys.Handle // the same as read for an eventfd
}

// Open opens a waker of the given kind. The empty kind selects the cheapest that the system has.
//
// Errors: [queue.ErrInvalid] for an unknown kind, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the system lacks the kind, the error is [errors.ErrUnsupported].
func Open(kind string) (*Waker, error) {
	switch kind {
	case Eventfd:
		h, err := sys.Eventfd()
		if err != nil {
			return nil, Unavailable("eventfd", err)
		}
		return &Waker{Eventfd, h, h}, nil
	case Pipe:
		r, w, err := sys.Pipe()
		if err != nil {
			return nil, Unavailable("pipe", err)
		}
		return &Waker{Pipe, r, w}, nil
	case "":
		w, err := Open(Eventfd)
		if errors.Is(err, errors.ErrUnsupported) {
			return Open(Pipe)
		}
		return w, err
	}
	return nil, fmt.Errorf("waker %q: %w: want %s or %s", kind, queue.ErrInvalid, Eventfd, Pipe)
}

// Unavailable wraps the error of a call that opens something. If the system lacks the call, the
// result is [errors.ErrUnsupported]; if it refuses the call, the result is [queue.ErrUnavailable].
func Unavailable(call string, err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: %w", call, err)
	}
	return fmt.Errorf("%s: %w: %w", call, queue.ErrUnavailable, err)
}

// Kind returns Eventfd or Pipe.
func (w *Waker) Kind() string { return w.kind }

// Handle returns the handle to wait for.
func (w *Waker) Handle() sys.Handle { return w.read }

// Signal makes the handle readable. Each call is an edge.
func (w *Waker) Signal() error {
	if w.kind == Pipe {
		// A full pipe is readable, and its reader has an edge pending.
		if _, err := sys.Write(w.write, []byte{1}); err != nil && err != sys.ErrWouldBlock {
			return err
		}
		return nil
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, err := sys.Write(w.write, one[:])
	if err != sys.ErrWouldBlock {
		return err
	}
	// The counter is at its maximum of 2^64-2. It is readable, but a failed write is no edge, so
	// restart from zero.
	if _, err := sys.EventfdClear(w.read); err != nil {
		return err
	}
	_, err = sys.Write(w.write, one[:])
	if err == sys.ErrWouldBlock {
		return nil
	}
	return err
}

// Clear makes the handle unreadable. It may undo a concurrent Signal.
func (w *Waker) Clear() error {
	if w.kind == Eventfd {
		_, err := sys.EventfdClear(w.read)
		return err
	}
	var sink [64]byte
	for {
		n, err := sys.Read(w.read, sink[:])
		if err == sys.ErrWouldBlock {
			return nil
		}
		if err != nil {
			return err
		}
		if n < len(sink) {
			return nil
		}
	}
}

// Close closes the handles.
func (w *Waker) Close() error {
	err := sys.Close(w.read)
	if w.write != w.read {
		err = errors.Join(err, sys.Close(w.write))
	}
	return err
}
