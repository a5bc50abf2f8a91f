package sched

// Mutex is a mutual exclusion lock for tasks that may be held over a suspension. A sync.Mutex that
// a suspended task holds stops the loop of the next task that locks it. Tasks get the lock in the
// order in which they ask. Tasks of several loops may share one. The zero value is unlocked. A
// Mutex must not be copied after its first use.
type Mutex struct{ s Semaphore }

// Lock locks m. If m is locked, it suspends t, never the thread, until m is free. It returns nil
// with m locked. If t was canceled before its turn came, it returns t's *CancelError without the
// lock. A canceled task still gets a lock that is free, because its cleanup may need it.
//
// Lock returns ErrWrongWaiter if t is not the running task. A task that locks what it has locked
// waits for its own Unlock.
func (m *Mutex) Lock(t *Task) error {
	if err := t.calls("Mutex.Lock"); err != nil {
		return err
	}
	return m.s.acquire(t, 1)
}

// TryLock locks m if it is free and reports whether it did. Any goroutine may call it.
func (m *Mutex) TryLock() bool { return m.s.TryAcquire(1) }

// Unlock unlocks m, or hands it to the task that has waited longest. Any task and any goroutine may
// call it, not only the task that locked m. It panics if m is not locked.
func (m *Mutex) Unlock() {
	if !m.s.release(1) {
		panic("sched: Mutex.Unlock: mutex is not locked")
	}
}
