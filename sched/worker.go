package sched

import (
	"runtime"
	"time"
)

// worker is a thread that runs the tasks of a loop.
//
// One of several leads: it waits in the queue, while the others that have nothing to do are parked. Before a worker runs code of others it
// offers what it leaves undone, the lead included, to one that is parked: so somebody waits for events whenever anybody is free, and an event
// wakes one thread.
type worker struct {
	loop     *Loop
	running  *Task    // the coroutine that has the thread, which alone looks
	runQueue runQueue // coroutines that began here, if the loop has a crew; guarded by the loop's lock, as what follows
	parked   bool     // among the loop's idle
	wake     chan struct{}
	watchdog *watchdog // if Options.TurnMax asks for one
	index    int       // in the crew
}

func newWorker(l *Loop) *worker { return &worker{loop: l, wake: make(chan struct{}, 1)} }

// shift is who of a loop's workers does what, guarded by the loop's lock.
type shift struct {
	leader *worker       // it is in the queue's Wait
	until  time.Duration // the lead waits no longer, in the time of timers
	idle   []*worker     // parked
	waking int           // workers that have been taken from idle and have not got the lock yet

	over     bool // workers go home
	err      error
	arrived  int           // workers that run no more tasks
	departed int           // workers whose coroutines have ended
	halted   chan struct{} // closed when all have arrived, and the queue is closed
}

// work runs l on the calling goroutine until the shift is over.
func (w *worker) work() {
	l := w.loop
	runtime.LockOSThread()
	l.crew.join(w)
	w.watchdog = l.watch()
	defer w.watchdog.end()
	l.lock()
	orderly := false // unless the turns end by Goexit or a panic of the loop itself
	defer func() {
		if !orderly {
			l.stop(errExitedRun)
		}
		w.leave()
	}()
	for !l.shift.over {
		l.turn(w)
	}
	orderly = true
}

// push has r run on w.
func (w *worker) push(r runnable) {
	w.runQueue.push(r)
	switch {
	case w.parked:
		w.unpark()
	case w.loop.shift.leader == w:
		w.loop.inbox.wakeSleeper(w.loop)
	}
}

// park has w wait until somebody has something for it. It costs the two of them what Go takes to stop a locked thread and to start it, which is
// tens of microseconds.
func (w *worker) park() {
	l := w.loop
	w.watchdog.enter(nil)
	w.parked = true
	l.shift.idle = append(l.shift.idle, w)
	l.unlock()
	<-w.wake
	l.lock()
	l.shift.waking--
}

func (w *worker) unpark() {
	s := &w.loop.shift
	// The last is the likely one: it was busy last.
	for i := len(s.idle) - 1; i >= 0; i-- {
		if s.idle[i] == w {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			break
		}
	}
	w.parked = false
	s.waking++
	w.wake <- struct{}{}
}

// offer is called before the lock is let go, and where a task has made work: it has somebody else do what the caller leaves undone.
func (l *Loop) offer() {
	if l.crew == nil || l.shift.waking > 0 {
		return
	}
	s := &l.shift
	work := l.runQueue.count > 0
	switch n := len(s.idle); {
	case n > 0 && (work || s.leader == nil):
		s.idle[n-1].unpark()
	case n == 0 && work && s.leader != nil:
		l.inbox.wakeSleeper(l)
	}
}
