//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// user is the kind of waker that is an event of the kqueue itself.
const user = "user"

// wakeIdent is the ident of that event within its filter. No handle has this number.
const wakeIdent = ^uintptr(0)

// wakeEvent makes one Wait return per signal: a running one, or the next. Its event is an edge,
// which one waiter takes.
type wakeEvent struct {
	kq   sys.Handle
	pipe *waker.Waker // nil for the kind user
}

func openWaker(kq sys.Handle, kind string) (*wakeEvent, error) {
	switch kind {
	case user:
		return openUser(kq)
	case waker.Pipe:
		return openPipe(kq)
	case "":
		w, err := openUser(kq)
		if errors.Is(err, errors.ErrUnsupported) {
			return openPipe(kq)
		}
		return w, err
	}
	return nil, fmt.Errorf("waker %q: %w: want %s or %s", kind, queue.ErrInvalid, user, waker.Pipe)
}

// openUser also tests the event: the system must deliver it exactly once to count as supporting it.
func openUser(kq sys.Handle) (*wakeEvent, error) {
	if sys.EvfiltUser == 0 {
		return nil, fmt.Errorf("waker %s: %w", user, errors.ErrUnsupported)
	}
	w := &wakeEvent{kq: kq}
	event := sys.Kevent{Ident: wakeIdent, Filter: sys.EvfiltUser, Flags: sys.EvAdd | sys.EvClear}
	err := change(kq, event)
	if err != nil && notPollable(err) {
		return nil, fmt.Errorf("waker %s: %w (%w)", user, errors.ErrUnsupported, err)
	}
	if err == nil {
		err = w.signal()
	}
	if err != nil {
		return nil, wake.Unavailable("waker "+user, err)
	}
	var got [2]sys.Kevent
	for _, want := range []int{1, 0} {
		n, err := sys.KqueueWait(kq, got[:], 0)
		if err != nil {
			return nil, wake.Unavailable("waker "+user, err)
		}
		if n != want || n == 1 && !w.is(&got[0]) {
			event.Flags = sys.EvDelete
			return nil, errors.Join(fmt.Errorf("waker %s: not delivered exactly once: %w", user, errors.ErrUnsupported), change(kq, event))
		}
	}
	return w, nil
}

func openPipe(kq sys.Handle) (*wakeEvent, error) {
	p, err := wake.Open(waker.Pipe)
	if err != nil {
		return nil, err
	}
	if err := change(kq, sys.Kevent{Ident: uintptr(p.Handle()), Filter: sys.EvfiltRead, Flags: sys.EvAdd | sys.EvClear}); err != nil {
		return nil, errors.Join(wake.Unavailable("add waker", err), p.Close())
	}
	return &wakeEvent{kq, p}, nil
}

func (w *wakeEvent) kind() string {
	if w.pipe == nil {
		return user
	}
	return w.pipe.Kind()
}

// is reports whether e is the event of w. The ident alone is not enough: a registered handle or a
// process may have the same number in another filter.
func (w *wakeEvent) is(e *sys.Kevent) bool {
	if w.pipe == nil {
		return e.Filter == sys.EvfiltUser && e.Ident == wakeIdent
	}
	return e.Filter == sys.EvfiltRead && e.Ident == uintptr(w.pipe.Handle())
}

// signal makes an edge. Any number of threads may call it.
func (w *wakeEvent) signal() error {
	if w.pipe != nil {
		return w.pipe.Signal()
	}
	// Omit EV_CLEAR: the filter of FreeBSD would then discard the trigger.
	return change(w.kq, sys.Kevent{Ident: wakeIdent, Filter: sys.EvfiltUser, Fflags: sys.NoteTrigger})
}

// clear removes what earlier signals left. It may undo a concurrent signal.
func (w *wakeEvent) clear() error {
	if w.pipe == nil {
		return nil // delivery has cleared it
	}
	return w.pipe.Clear()
}

// close closes the handles that the kqueue does not own.
func (w *wakeEvent) close() error {
	if w.pipe == nil {
		return nil
	}
	return w.pipe.Close()
}

// change makes one change and returns its outcome.
func change(kq sys.Handle, e sys.Kevent) error {
	var receipt [1]sys.Kevent
	if err := sys.KqueueChange(kq, []sys.Kevent{e}, receipt[:]); err != nil {
		return err
	}
	return outcome(&receipt[0])
}

// takeWake makes the next Wake signal again.
func (q *instance) takeWake() error {
	if err := q.waker.clear(); err != nil {
		return q.Failed("wait", fmt.Errorf("clear waker: %w", err))
	}
	q.WakeTaken()
	return nil
}
