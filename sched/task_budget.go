package sched

import "time"

// Spent reports whether t has used up its share of the turn, Options.TurnBudget, since the loop
// gave it the thread last. A task that has more to do, and finds its handle ready again and again,
// should then Yield. Spent is never true too early, and never without a TurnBudget. It reads the
// clock once, and not at all without a budget.
func (t *Task) Spent() bool {
	budget := t.loop.options.TurnBudget
	return budget > 0 && t.home.spent(budget)
}

// Spent is Task.Spent for a step. A step whose share is used up should end with Again. Only the
// running Step may call it.
func (t HandlerTask) Spent() bool {
	l := t.loop
	if l.options.TurnBudget <= 0 {
		return false
	}
	w := l.driver.workerOf()
	return w != nil && w.spent(l.options.TurnBudget)
}

// YieldIfSpent calls Task.Yield if Task.Spent is true, for the task that operates on the handle.
// Package stream calls it; stream.Source has the contract. It does nothing in a step, a posted
// function and a goroutine. A goroutine that cannot wait gets the error that its wait would return.
func (s *taskSource) YieldIfSpent() error {
	t := s.loop.callingTask()
	switch {
	case t == nil:
		return s.loop.mayTry()
	case t.state != taskRunning || !t.Spent():
		// The panic by which a failed loop ends a task gives it no turn. The task may still write
		// while it unwinds.
		return nil
	}
	return t.yieldTurn()
}

// Yield is YieldIfSpent if there is a budget, and lets others run if there is none. Package stream
// calls it after each part that the kernel moves, which may be a whole file.
func (s *taskSource) Yield() error {
	t := s.loop.callingTask()
	if t == nil || t.state != taskRunning || t.loop.options.TurnBudget > 0 {
		return s.YieldIfSpent()
	}
	return t.yieldTurn()
}

// YieldIfSpent returns the error that Wait would return if the caller is a task. Steps and posted
// functions may try.
func (s *goroutineSource) YieldIfSpent() error {
	if s.loop.runningWorker() != nil {
		return nil
	}
	return s.loop.mayBlock("an operation on a handle")
}

// Yield is YieldIfSpent: goroutines have no share of a loop's thread.
func (s *goroutineSource) Yield() error { return s.YieldIfSpent() }

// shareBegins records when a turn begins, in the time of all loops whose tasks w runs.
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
