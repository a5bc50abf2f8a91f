package sched

import (
	"fmt"
	"sync"
)

// Semaphore bounds what tasks use at the same time, and may be held over a suspension. A task that
// has to wait is suspended in line. Tasks are served in order of arrival, and a small request does
// not overtake a big one. Tasks of several loops may share one.
type Semaphore struct {
	size int // zero means one

	mu          sync.Mutex // guards the fields below; held for a few instructions
	used        int
	first, last *place
}

// place is a task's place in the line. The number of tasks bounds the places: each task has one.
type place struct {
	task       *Task
	suspension uint64
	n          int
	granted    bool
	next, prev *place
}

// NewSemaphore returns a semaphore of size units. It panics if size is not positive.
func NewSemaphore(size int) *Semaphore {
	if size < 1 {
		panic("sched: NewSemaphore: size must be positive")
	}
	return &Semaphore{size: size}
}

// Acquire takes n units, and suspends t until they are available. It returns nil with the units. If
// t was canceled before they were available, it returns t's *CancelError without them. A canceled
// task still gets units that are available at once, because its cleanup may need them. Acquire
// returns ErrWrongWaiter if t is not the running task. It panics if n is not between 1 and the
// size.
func (s *Semaphore) Acquire(t *Task, n int) error {
	if err := t.calls("Semaphore.Acquire"); err != nil {
		return err
	}
	s.check(n)
	return s.acquire(t, n)
}

func (s *Semaphore) acquire(t *Task, n int) error {
	w := s.enter(t, n)
	if w == nil {
		return nil
	}
	settled := false
	defer func() {
		// The loop has failed and ends the task by a panic.
		if !settled && !s.leave(w) {
			s.Release(n)
		}
	}()
	err := t.awaitResumption(w.suspension)
	settled = true
	if err != nil && s.leave(w) {
		return err
	}
	// The units may have arrived together with the cancellation.
	return nil
}

// enter takes n units, or a place in the line.
func (s *Semaphore) enter(t *Task, n int) *place {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.take(n) {
		return nil
	}
	w := t.place
	if w == nil {
		w = &place{task: t}
		t.place = w
	}
	w.suspension, w.n, w.granted = t.newSuspension(), n, false
	w.prev, w.next = s.last, nil
	if s.last != nil {
		s.last.next = w
	} else {
		s.first = w
	}
	s.last = w
	return w
}

// leave gives up the place and reports whether it was still in the line. If not, the units have
// been granted to it.
func (s *Semaphore) leave(w *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.granted {
		return false
	}
	s.unlink(w)
	// A big request that leaves may have kept smaller ones from the units that are free.
	s.serve()
	return true
}

// TryAcquire takes n units if they are available and no task waits. It reports whether it did. Any
// goroutine may call it. It panics for the same n as Acquire.
func (s *Semaphore) TryAcquire(n int) bool {
	s.check(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(n)
}

// Release returns n units, which go to the waiting tasks in their order. Any task and any goroutine
// may call it, not only the task that acquired them. It panics if fewer than n are in use or n is
// not positive.
func (s *Semaphore) Release(n int) {
	if !s.release(n) {
		panic(fmt.Sprintf("sched: Semaphore.Release: %d units: not in use", n))
	}
}

func (s *Semaphore) release(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 1 || n > s.used {
		return false
	}
	s.used -= n
	s.serve()
	return true
}

func (s *Semaphore) check(n int) {
	if n < 1 || n > s.limit() {
		panic(fmt.Sprintf("sched: Semaphore: %d units: want 1 to %d", n, s.limit()))
	}
}

func (s *Semaphore) limit() int { return max(1, s.size) }

// take is called with mu held, like all functions below.
func (s *Semaphore) take(n int) bool {
	if s.first != nil || n > s.limit()-s.used {
		return false
	}
	s.used += n
	return true
}

func (s *Semaphore) serve() {
	for w := s.first; w != nil && w.n <= s.limit()-s.used; w = s.first {
		s.used += w.n
		s.unlink(w)
		w.granted = true
		w.task.resume(w.suspension)
	}
}

func (s *Semaphore) unlink(w *place) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		s.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		s.last = w.prev
	}
	w.prev, w.next = nil, nil
}
