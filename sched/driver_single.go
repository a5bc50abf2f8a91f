package sched

import "time"

// singleDriver runs a loop on one thread. Nothing else touches the loop's state, so it needs no
// lock.
type singleDriver struct {
	loop *Loop
	team [1]*worker
}

// newSingle makes l run on one thread.
func newSingle(l *Loop) *Loop {
	l.driver = &singleDriver{l, [1]*worker{newWorker(l, newEnding(1))}}
	l.peers = l.driver.workers()
	return l
}

func (*singleDriver) lock()   {}
func (*singleDriver) unlock() {}

func (d *singleDriver) turn(w *worker) {
	l := d.loop
	l.takeDue(w)
	d.round(w)
	switch {
	case l.stopping:
	case l.finished():
		l.stop(l.canceled)
	default:
		l.settleFired()
		l.deliver(l.wait(w, false))
	}
}

func (d *singleDriver) round(w *worker) {
	w.roundBegins()
	d.loop.runReady(w)
}

func (*singleDriver) offer() {}

func (d *singleDriver) push(_ *worker, r runnable) { d.loop.runQueue.push(r) }

func (d *singleDriver) hasWork(*worker) bool { return d.loop.runQueue.count > 0 }

func (*singleDriver) canSteal() bool         { return false }
func (*singleDriver) timerSet(time.Duration) {}
func (*singleDriver) inboxTaken()            {}
func (*singleDriver) stopped()               {}
func (*singleDriver) abortVisitors(*worker)  {}
func (*singleDriver) lastEnded()             {}
func (*singleDriver) runsAlone() error       { return nil }

func (d *singleDriver) workers() []*worker { return d.team[:] }

func (d *singleDriver) workerOf() *worker { return d.team[0] }

func (d *singleDriver) runningTask(g uintptr) *Task { return d.team[0].task(g) }
