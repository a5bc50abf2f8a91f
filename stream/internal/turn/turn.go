// Package turn has a lock for callers that may be tasks, which must not block their thread.
package turn

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Turn is a lock that one caller holds, even while it is suspended. The zero value is free.
type Turn struct {
	mu   sync.Mutex // held while the turn is taken
	line atomic.Pointer[line]
}

// line are the callers that wait for the turn by suspending themselves. A Turn gets one when the
// first caller joins, since most turns are never contended.
type line struct {
	mu      sync.Mutex
	waiting []*waiter // oldest first
}

type waiter struct {
	resume func() // set once the waiter can be resumed
	given  bool   // it holds the turn
}

// Try takes the turn if it is free, and reports whether it has.
func (t *Turn) Try() bool { return t.mu.TryLock() }

// Lock takes the turn and blocks the calling goroutine until then.
func (t *Turn) Lock() { t.mu.Lock() }

// Join takes the turn. The caller waits in suspend, which must call start and return once resume
// was called. Callers of Join get the turn in their order, and before those of Lock. If suspend
// returns an error, Join returns it, and the caller has no turn.
func (t *Turn) Join(suspend func(start func(resume func())) error) error {
	l := t.line.Load()
	if l == nil {
		t.line.CompareAndSwap(nil, &line{})
		l = t.line.Load()
	}
	w := &waiter{}
	l.mu.Lock()
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	// The holder may have left before it could see w.
	if t.mu.TryLock() {
		l.leave(w)
		return nil
	}
	err := suspend(func(resume func()) {
		l.mu.Lock()
		w.resume = resume
		given := w.given
		l.mu.Unlock()
		if given {
			resume()
		}
	})
	if l.leave(w) {
		if err == nil {
			return nil
		}
		t.Give()
	}
	return err
}

// leave removes w from the line and reports whether it holds the turn.
func (l *line) leave(w *waiter) (given bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	return w.given
}

// Give ends the turn, which passes to the first caller in line.
func (t *Turn) Give() {
	for {
		if l := t.line.Load(); l != nil && l.pass() {
			return
		}
		t.mu.Unlock()
		// A caller that joined after the look did not get the turn if it tried before the Unlock.
		if l := t.line.Load(); l == nil || l.empty() || !t.mu.TryLock() {
			return
		}
	}
}

// pass gives the turn to the first caller in line, and reports whether there is one.
func (l *line) pass() bool {
	l.mu.Lock()
	if len(l.waiting) == 0 {
		l.mu.Unlock()
		return false
	}
	w := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	w.given = true
	resume := w.resume
	l.mu.Unlock()
	if resume != nil {
		resume()
	}
	return true
}

func (l *line) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) == 0
}
