package sched

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// inbox is the way in which other threads reach a loop.
type inbox struct {
	max      int
	pending  atomic.Bool // there is something to take
	sleeping atomic.Bool // the loop is about to block, or blocks, in the queue's Wait
	closing  atomic.Bool // the loop drains or is over: no new tasks

	mu        sync.Mutex
	functions []func()
	notices   []attendant // each at most once, so bounded by the number of tasks and sources
	spareF    []func()    // swapped with functions and notices, so that steady traffic allocates nothing
	spareN    []attendant
	ended     bool
}

// attendant is an object that acts on the loop after another thread changed it.
type attendant interface{ attend(*Loop) }

// post calls f on the loop.
func (in *inbox) post(l *Loop, f func()) error {
	in.mu.Lock()
	err := in.refuses()
	if err == nil {
		in.functions = append(in.functions, f)
	}
	in.mu.Unlock()
	if err == nil {
		in.rouse(l)
	}
	return err
}

// postTask calls the start of a task on the loop. The task is counted last, when nothing else can
// refuse it.
func (in *inbox) postTask(l *Loop, start func()) error {
	in.mu.Lock()
	err := in.refuses()
	if in.closing.Load() {
		err = ErrStopped
	}
	if err == nil {
		err = l.admitChild()
	}
	if err == nil {
		in.functions = append(in.functions, start)
	}
	in.mu.Unlock()
	if err == nil {
		in.rouse(l)
	}
	return err
}

// refuses returns why no function can be posted, or nil if one can. It is called with mu held.
func (in *inbox) refuses() error {
	switch {
	case in.ended:
		return ErrStopped
	case len(in.functions) >= in.max:
		return fmt.Errorf("%w: %d posted functions", ErrFull, in.max)
	}
	return nil
}

// notify calls a.attend on the loop. listed, guarded by in.mu, is true if that call is already
// pending.
func (in *inbox) notify(l *Loop, a attendant, listed *bool) {
	in.mu.Lock()
	if *listed || in.ended {
		in.mu.Unlock()
		return
	}
	*listed = true
	in.notices = append(in.notices, a)
	in.mu.Unlock()
	in.rouse(l)
}

func (in *inbox) rouse(l *Loop) {
	in.pending.Store(true)
	in.wakeSleeper(l)
}

// wakeSleeper reports whether it has woken a sleeping loop.
func (in *inbox) wakeSleeper(l *Loop) bool {
	// One of the threads that post while the loop sleeps wakes it. The others need not.
	if !in.sleeping.CompareAndSwap(true, false) {
		return false
	}
	// Only Run closes the queue, and looks at nothing more after that.
	_ = l.queue.Wake()
	return true
}

// take empties the requested parts of the inbox. The results are valid until the next call that
// requests the same part.
func (in *inbox) take(wantFunctions, wantNotices bool) (functions []func(), notices []attendant) {
	in.pending.Store(false)
	in.mu.Lock()
	defer in.mu.Unlock()
	if wantFunctions {
		functions = in.functions
		in.functions, in.spareF = in.spareF[:0], functions
	}
	if wantNotices {
		notices = in.notices
		in.notices, in.spareN = in.spareN[:0], notices
	}
	return functions, notices
}

// lookAgain makes a worker take what is there. The caller may have a task to run before that, and
// another worker may sleep.
func (in *inbox) lookAgain(l *Loop) {
	in.mu.Lock()
	some := len(in.functions)+len(in.notices) > 0
	in.mu.Unlock()
	if some {
		in.rouse(l)
	}
}

// unlist is called by an attendant on the loop before it looks at what was done. A later change
// then lists it again.
func (in *inbox) unlist(listed *bool) {
	in.mu.Lock()
	*listed = false
	in.mu.Unlock()
}

// end refuses everything from now on and returns the functions that have not run. Their posters
// were promised that they would run.
func (in *inbox) end() []func() {
	in.closing.Store(true)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	return in.functions
}
