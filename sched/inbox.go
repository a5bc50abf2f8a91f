package sched

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// inbox is how other threads reach a loop.
type inbox struct {
	max      int
	pending  atomic.Bool // there is something to take
	sleeping atomic.Bool // the loop is about to block, or blocks, in the queue's Wait
	closing  atomic.Bool // the loop drains or is over: no new tasks

	mu        sync.Mutex
	functions []func()
	notices   []attendant // each at most once, so their bound is the number of tasks and sources
	spareF    []func()    // the slices change places, so that steady traffic allocates nothing
	spareN    []attendant
	ended     bool
}

// attendant has something to do on the loop because of what another thread did.
type attendant interface{ attend(*Loop) }

// post has f called on the loop.
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

// postTask has the start of a task called on the loop. The task is counted last, when nothing else
// can refuse it.
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

// refuses returns why no function can be posted, nil if one can. It is called with mu held.
func (in *inbox) refuses() error {
	switch {
	case in.ended:
		return ErrStopped
	case len(in.functions) >= in.max:
		return fmt.Errorf("%w: %d posted functions", ErrFull, in.max)
	}
	return nil
}

// notify has a.attend called on the loop. listed, guarded by in.mu, says that it will be already.
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

// wakeSleeper reports whether it has woken anybody.
func (in *inbox) wakeSleeper(l *Loop) bool {
	// One of the threads that post while the loop sleeps wakes it; the others need not.
	if !in.sleeping.CompareAndSwap(true, false) {
		return false
	}
	// The queue is closed only by Run, which then looks at nothing more.
	_ = l.queue.Wake()
	return true
}

// take empties the inbox of what is wanted. What it returns is good until the next call that wants
// the same.
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

// lookAgain has a worker take what is there: the caller may have a task to run before, and another
// may sleep.
func (in *inbox) lookAgain(l *Loop) {
	in.mu.Lock()
	some := len(in.functions)+len(in.notices) > 0
	in.mu.Unlock()
	if some {
		in.rouse(l)
	}
}

// unlist is called by an attendant on the loop before it looks at what was done, so that what is
// done later lists it again.
func (in *inbox) unlist(listed *bool) {
	in.mu.Lock()
	*listed = false
	in.mu.Unlock()
}

// end refuses all from here on and returns the functions that have not run: their posters were
// promised that they would.
func (in *inbox) end() []func() {
	in.closing.Store(true)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	return in.functions
}
