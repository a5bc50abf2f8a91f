// Package waker ends a wait for handles from another thread, through a handle that becomes
// readable. It works with every facility that waits for handles. A facility that has an event of
// its own for this purpose, such as EVFILT_USER of kqueue(2), needs no Waker.
package waker

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/sys"
)

// The kinds of Waker.
const (
	Eventfd = "eventfd" // a counter in the kernel; one handle; Linux
	Pipe    = "pipe"    // a pipe that holds a byte; two handles; every Unix
	Sockets = "sockets" // a pair of sockets that holds a byte; two handles; every system
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
// Errors: the errno of the call that opens the handles. If the system lacks the kind, or there is
// no such kind, the error is [errors.ErrUnsupported].
func Open(kind string) (*Waker, error) {
	var r, w sys.Handle
	var err error
	switch kind {
	case "":
		return openBest()
	case Eventfd:
		r, err = sys.Eventfd()
		w = r
	case Pipe:
		r, w, err = sys.Pipe()
	case Sockets:
		r, w, err = sys.SocketPair()
	default:
		err = fmt.Errorf("waker: unknown kind %q: %w", kind, errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	return &Waker{kind, r, w}, nil
}

func openBest() (w *Waker, err error) {
	for _, kind := range []string{Eventfd, Pipe, Sockets} {
		if w, err = Open(kind); !errors.Is(err, errors.ErrUnsupported) {
			break
		}
	}
	return w, err
}

// Kind returns Eventfd, Pipe or Sockets.
func (w *Waker) Kind() string { return w.kind }

// Handle returns the handle to wait for in direction Readable.
func (w *Waker) Handle() sys.Handle { return w.read }

// FillsUp reports whether a waker that is never cleared stops making edges. An eventfd makes an
// edge at each Signal, cleared or not.
func (w *Waker) FillsUp() bool { return w.kind != Eventfd }

// Signal makes the handle readable. Each call is an edge, until a waker that fills up is full.
func (w *Waker) Signal() error {
	var err error
	switch w.kind {
	case Eventfd:
		return w.count()
	case Pipe:
		_, err = sys.Write(w.write, []byte{1})
	default:
		_, err = sys.Send(w.write, []byte{1})
	}
	if err == sys.ErrWouldBlock {
		return nil // what is full is readable, and its reader has an edge pending
	}
	return err
}

// count adds one to the counter.
func (w *Waker) count() error {
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

// Clear makes the handle unreadable. It may undo a concurrent Signal. On Windows a signal arrives
// a little later, and Clear does not find one that has not arrived yet.
func (w *Waker) Clear() error {
	if w.kind == Eventfd {
		_, err := sys.EventfdClear(w.read)
		return err
	}
	take := sys.Read
	if w.kind == Sockets {
		take = sys.Recv
	}
	var sink [64]byte
	for {
		n, err := take(w.read, sink[:])
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
