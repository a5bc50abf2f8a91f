package sched

// Mutex excludes tasks from each other, and may be held over a suspension, which is its purpose: a
// sync.Mutex that is held by a suspended task stops the loop of the next task that locks it. Who
// comes first is served first. Tasks of several loops may share one. The zero value is unlocked. It
// must not be copied after its first use.
type Mutex struct{ s Semaphore }

// Lock locks m, and suspends t until it can; never the thread. It returns nil with m locked, or t's
// *CancelError without if t was canceled before its turn came; a lock that is free is given to a
// canceled task, too: its cleanup may need it. It returns ErrWrongWaiter if t is not the task that
// runs. A task that locks what it has locked waits for its own Unlock.
func (m *Mutex) Lock(t *Task) error {
	if err := t.calls("Mutex.Lock"); err != nil {
		return err
	}
	return m.s.acquire(t, 1)
}

// TryLock locks m if it is free and reports whether it has. Any goroutine may call it.
func (m *Mutex) TryLock() bool { return m.s.TryAcquire(1) }

// Unlock unlocks m, or hands it to the task that has waited longest. Any task may call it, not only
// the one that has locked m, and any goroutine. It panics if m is not locked.
func (m *Mutex) Unlock() {
	if !m.s.release(1) {
		panic("sched: Mutex.Unlock: it is not locked")
	}
}
