package sched

import (
	"slices"
	"sync"
	"time"
)

// sharedDriver runs a loop on several threads.
//
// One worker leads: it waits in the queue while the idle others are parked. Before a worker runs
// foreign code, it offers its unfinished work, the lead included, to a parked worker. A worker
// therefore waits for events whenever one is free, and an event wakes one thread.
type sharedDriver struct {
	loop *Loop
	team []*worker

	mu     sync.Mutex // guards the fields below and the state of the loop, its tasks and sources
	leader *worker    // the worker in the queue's Wait
	idle   []*worker  // parked
	waking int        // workers that were taken from idle and do not have the lock yet
}

// newShared makes l run on n threads.
func newShared(l *Loop, n int) *Loop {
	d := &sharedDriver{loop: l}
	ending := newEnding(n)
	for i := range n {
		w := newWorker(l, ending)
		w.place = i
		d.team = append(d.team, w)
	}
	l.driver, l.peers = d, d.team
	return l
}

func (d *sharedDriver) lock()   { d.mu.Lock() }
func (d *sharedDriver) unlock() { d.mu.Unlock() }

func (d *sharedDriver) turn(w *worker) {
	l := d.loop
	l.takeDue(w)
	d.round(w)
	if !l.stopping && l.finished() {
		l.stop(l.canceled)
	}
	switch {
	case l.stopping:
	case d.leader == nil:
		d.lead(w)
	case !d.hasWork(w) && !l.inbox.pending.Load():
		d.park(w)
	}
}

func (d *sharedDriver) lead(w *worker) {
	l := d.loop
	l.settleFired()
	d.leader = w
	n, err := l.wait(w, false)
	d.leader = nil
	l.deliver(n, err)
}

func (d *sharedDriver) round(w *worker) {
	w.roundBegins()
	w.runHome()
	d.loop.runReady(w)
}

func (d *sharedDriver) offer() {
	if d.waking > 0 {
		return
	}
	work := d.loop.runQueue.count > 0
	switch n := len(d.idle); {
	case n > 0 && (work || d.leader == nil):
		d.unpark(d.idle[n-1])
	case n == 0 && work && d.leader != nil:
		d.loop.inbox.wakeSleeper(d.loop)
	}
}

func (d *sharedDriver) push(w *worker, r runnable) {
	w.home.push(r)
	switch {
	case w.parked:
		d.unpark(w)
	case w == d.leader:
		d.loop.inbox.wakeSleeper(d.loop)
	}
}

// park makes w wait until there is work for it. This costs both threads tens of microseconds, the
// time that Go takes to stop and start a locked thread.
func (d *sharedDriver) park(w *worker) {
	w.watchdog.enter(nil)
	w.parked = true
	d.idle = append(d.idle, w)
	d.unlock()
	<-w.wake
	d.lock()
	d.waking--
}

func (d *sharedDriver) unpark(w *worker) {
	d.idle = slices.Delete(d.idle, slices.Index(d.idle, w), slices.Index(d.idle, w)+1)
	w.parked = false
	d.waking++
	w.wake <- struct{}{}
}

func (d *sharedDriver) hasWork(w *worker) bool {
	return w.home.count > 0 || d.loop.runQueue.count > 0
}

func (*sharedDriver) canSteal() bool { return false }

func (d *sharedDriver) timerSet(when time.Duration) {
	if when < d.loop.waitsUntil {
		d.loop.inbox.wakeSleeper(d.loop)
	}
}

// inboxTaken makes a worker take what another one left in the inbox. The caller may have a task to
// run before that, and every other worker may sleep.
func (d *sharedDriver) inboxTaken() { d.loop.inbox.lookAgain(d.loop) }

func (d *sharedDriver) stopped() {
	for len(d.idle) > 0 {
		d.unpark(d.idle[len(d.idle)-1])
	}
	d.loop.inbox.wakeSleeper(d.loop)
}

func (*sharedDriver) abortVisitors(*worker) {}

func (d *sharedDriver) workers() []*worker { return d.team }

func (d *sharedDriver) workerOf() *worker { return d.loop.runningWorker() }

func (d *sharedDriver) runningTask(g uintptr) *Task { return runningTask(d.team, g) }

func (d *sharedDriver) lastEnded() { d.loop.inbox.rouse(d.loop) }

func (*sharedDriver) runsAlone() error { return nil }
