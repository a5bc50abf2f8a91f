//go:build unix

package netpoll

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/gate"
	"github.com/edgewise-go/edgewise/sys"
)

// waitable is a queue whose Wait parks the goroutine in the runtime's poller.
type waitable struct {
	queue.Nester
	gate  *gate.Gate // counts the calls of Wait
	file  *os.File   // a duplicate of the queue's handle
	raw   syscall.RawConn
	woken atomic.Bool   // by Wake, and no Wait has returned for it
	shut  chan struct{} // closed by Close

	turn chan struct{} // holds a token while a Wait is parked, which owns all below
	poll func(uintptr) bool
	into []queue.Event
	n    int
	err  error
}

// New returns a queue over q, which it owns from then on: Close closes q. Wait of the result parks
// its goroutine instead of blocking a thread. The promises of q hold otherwise.
//
// The runtime waits for one Wait at once, and the others wait for their turn without a thread. New
// takes one descriptor.
//
// Errors: [errors.ErrUnsupported] if q is no [queue.Nester] or the runtime cannot wait for its
// handle; q then stays the caller's.
func New(q queue.Queue) (queue.Queue, error) {
	nester, ok := q.(queue.Nester)
	if !ok || !q.Features().Nested {
		return nil, fmt.Errorf("netpoll: queue %s has no handle: %w", q.Features().Mechanism, errors.ErrUnsupported)
	}
	h, err := sys.Duplicate(nester.Handle())
	if err != nil {
		return nil, fmt.Errorf("netpoll: duplicate handle of %s: %w", q.Features().Mechanism, err)
	}
	// Package os hands a descriptor to the runtime's poller only if it is non-blocking. A queue's
	// handle is never read, so the flag has no other effect.
	if err := sys.SetNonblock(h); err != nil {
		return nil, errors.Join(fmt.Errorf("netpoll: queue %s: %w: %w", q.Features().Mechanism, errors.ErrUnsupported, err), sys.Close(h))
	}
	w := &waitable{
		Nester: nester, gate: gate.New(), file: os.NewFile(uintptr(h), "queue"), shut: make(chan struct{}), turn: make(chan struct{}, 1),
	}
	w.poll = w.take
	// A file that the runtime cannot poll takes no deadline.
	err = w.file.SetReadDeadline(time.Time{})
	if err == nil {
		w.raw, err = w.file.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("netpoll: queue %s: %w: %w", q.Features().Mechanism, errors.ErrUnsupported, err), w.file.Close())
	}
	return w, nil
}

// Wait implements [queue.Queue].
func (w *waitable) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if !w.gate.Enter() {
		return 0, w.closed()
	}
	defer w.gate.Leave()
	if timeout != 0 && len(events) > 0 {
		return w.parkInTurn(events, timeout)
	}
	n, err := w.Nester.Wait(events, timeout)
	if n == 0 && err == nil {
		w.wakeTaken()
	}
	return n, err
}

// wakeTaken reports whether a Wake makes the caller return, and counts it as done. The caller sees
// what was written before the Wake.
func (w *waitable) wakeTaken() bool { return w.woken.Swap(false) }

func (w *waitable) parkInTurn(events []queue.Event, timeout time.Duration) (int, error) {
	var until time.Time
	if timeout > 0 {
		until = time.Now().Add(timeout)
	}
	select {
	case w.turn <- struct{}{}:
	default:
		if took, err := w.awaitTurn(timeout); !took {
			return 0, err
		}
	}
	defer func() { <-w.turn }()
	return w.park(events, until)
}

// awaitTurn takes the turn and reports true, or waits in vain for the timeout or until Close.
func (w *waitable) awaitTurn(timeout time.Duration) (bool, error) {
	var passed <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		passed = t.C
	}
	select {
	case w.turn <- struct{}{}:
		return true, nil
	case <-w.shut:
		return false, w.closed()
	case <-passed:
		return false, nil
	}
}

func (w *waitable) park(events []queue.Event, until time.Time) (int, error) {
	if !until.IsZero() {
		if err := w.file.SetReadDeadline(until); err != nil {
			return 0, w.failed(err)
		}
		defer w.file.SetReadDeadline(time.Time{})
	}
	w.into, w.n, w.err = events, 0, nil
	err := w.raw.Read(w.poll)
	w.into = nil
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.wakeTaken()
		return 0, nil
	case err != nil:
		return 0, w.failed(err)
	}
	return w.n, w.err
}

// take reports whether the parked Wait is over.
func (w *waitable) take(uintptr) bool {
	w.n, w.err = w.Nester.Wait(w.into, 0)
	// The queue below has taken the signal of a Wake by now, so the mark is taken afterwards. It is
	// taken during the turn, or the next Wait would return for the same Wake.
	return w.n > 0 || w.err != nil || w.wakeTaken()
}

// Wake implements [queue.Queue].
func (w *waitable) Wake() error {
	w.woken.Store(true)
	return w.Nester.Wake()
}

// Close implements [queue.Queue].
func (w *waitable) Close() error {
	if !w.gate.Shut() {
		return w.closed()
	}
	close(w.shut)
	err := w.file.Close() // ends the parked Wait
	err = errors.Join(err, w.Nester.Close())
	w.gate.WaitEmpty()
	return err
}

// failed converts the error of an operation on the file, which Close may have ended.
func (w *waitable) failed(err error) error {
	if w.gate.Closed() {
		return w.closed()
	}
	return fmt.Errorf("netpoll: wait: %w", err)
}

func (w *waitable) closed() error {
	return fmt.Errorf("netpoll: %s: %w", w.Features().Mechanism, queue.ErrClosed)
}
