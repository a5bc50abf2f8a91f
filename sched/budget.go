package sched

import "time"

// Spent reports whether t has used up its share of the turn, Options.TurnBudget, since the loop
// gave it the thread last: a task that has more to do, and finds its handle ready again and again,
// should Yield then. It is never true too early, and never without a TurnBudget. The clock is read
// once, and not at all without one.
func (t *Task) Spent() bool {
	budget := t.loop.options.TurnBudget
	return budget > 0 && t.home.spent(budget)
}

// Spent is Task.Spent for a step, which should end with Again then. It is for the Step that is
// running.
func (t HandlerTask) Spent() bool {
	l := t.loop
	if l.options.TurnBudget <= 0 {
		return false
	}
	w := l.workers[0]
	if l.crew != nil {
		w = l.runningWorker()
	}
	return w != nil && w.spent(l.options.TurnBudget)
}

// YieldIfSpent is Task.Spent, and Task.Yield if that is true, for the task that operates on the
// handle; package stream calls it (stream.Source, which has the contract). It does nothing in
// a step or a posted function, which may try. Others are told here that they could not wait, so
// that their operation fails each time, and not only when it has to.
func (s *taskSource) YieldIfSpent() error {
	l := s.loop
	t := l.runningTask()
	switch {
	case t == nil && l.runningWorker() != nil:
		return nil
	case t == nil || t.loop != l:
		return l.notTask("an operation on a handle")
	case t.state != taskRunning || !t.Spent():
		// A task that a loop which has failed ends by a panic has no turn, and may write its last
		// words while it unwinds.
		return nil
	}
	return t.yieldTurn()
}

// Yield is YieldIfSpent where there is a budget, and lets others run where there is none; package
// stream calls it after a part of what the kernel moves, which may be as much as a whole file.
func (s *taskSource) Yield() error {
	if s.loop.options.TurnBudget > 0 {
		return s.YieldIfSpent()
	}
	t := s.loop.runningTask()
	if t == nil || t.loop != s.loop || t.state != taskRunning {
		return s.YieldIfSpent()
	}
	return t.yieldTurn()
}

// YieldIfSpent tells a task that it could not wait, as Wait would. Steps and posted functions may
// try.
func (s *goroutineSource) YieldIfSpent() error {
	if s.loop.runningWorker() != nil {
		return nil
	}
	return s.loop.mayBlock("an operation on a handle")
}

// Yield is YieldIfSpent: goroutines have no share of a loop's thread.
func (s *goroutineSource) Yield() error { return s.YieldIfSpent() }

// shareBegins notes when a turn begins, in the time of all loops whose tasks w runs.
func (w *worker) shareBegins(l *Loop) {
	switch {
	case l.options.TurnBudget <= 0:
	case l.metrics != nil:
		w.began = w.stopwatch.now
	default:
		w.began = w.loop.now()
	}
}

func (w *worker) spent(budget time.Duration) bool { return w.loop.now()-w.began >= budget }
