package schedtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

const (
	spentRule = "Spent reports whether t has used up its share of the turn, Options.TurnBudget, since the loop gave it the thread last"
	shareRule = "YieldIfSpent lets other tasks run if the calling one has used up its share of the thread."
)

func budgetCases() []Case {
	const source = "gnet 599, tokio 6221: one connection keeps the loop"
	return []Case{
		{ID: "budget/task", Doc: "sched.Task.Spent", Run: budgetOfTask, Rule: spentRule, Source: source},
		{ID: "budget/step", Doc: "sched.HandlerTask.Spent", Run: budgetOfStep, Rule: "Spent is Task.Spent for a step", Source: source},
		{ID: "budget/none", Doc: "sched.Task.Spent", Run: budgetNone, Rule: "never without a TurnBudget.", Source: "a program that asked for nothing"},
		{ID: "budget/lets-tasks-run", Doc: "stream.Source", Run: budgetLetsTasksRun, Rule: shareRule, Source: "a handle that is always ready is never waited for"},
		{ID: "budget/lets-events-in", Doc: "stream.Source", Run: budgetLetsEventsIn, Rule: shareRule, Source: "a handle that is always ready is never waited for"},
		{ID: "budget/keeps-the-turn", Doc: "stream.Source", Run: budgetKeepsTheTurn, Needs: []Feature{InOrder}, Rule: shareRule, Source: "a switch of tasks for each operation"},
		{ID: "budget/canceled", Doc: "stream.Source", Run: budgetCanceled,
			Rule:   "An error, of a canceled task, ends the operation before it moves anything more.",
			Source: "a task that never waits, and cannot be canceled"},
	}
}

// turnBudget is long enough for a task that has just got its thread to ask, unless others take the
// processor away: then it tries again.
const turnBudget = 2 * time.Millisecond

// budgeted is what the cases about Spent of both forms have in common: what the turns of a task
// see.
type budgeted struct {
	spent func() bool
	first time.Time // when the case has begun
	begun time.Time // before the turn that runs
	fresh int       // turns that were not spent when they began
	turns int
}

// turn is called in each turn, and reports whether another one is wanted. It uses the share up.
func (b *budgeted) turn(t T, r *Fixture) bool {
	b.turns++
	if !b.spent() {
		b.fresh++
	}
	r.keeps(t, "the share is used up", func() bool { return !b.spent() })
	if took := time.Since(b.begun); took < turnBudget {
		t.Errorf("the share of %v is used up %v after the end of the turn before", turnBudget, took)
		return false
	}
	b.begun = time.Now()
	if b.fresh < 2 && b.begun.Sub(b.first) > r.late() {
		t.Errorf("after %v: of %d turns %d were not spent when they began", r.late(), b.turns, b.fresh)
		return false
	}
	return b.fresh < 2
}

func budgetOfTask(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: turnBudget})
	r.do(t, "busy", func(task *sched.Task) error {
		b := budgeted{spent: func() bool { return r.ops.spent(task) }, first: time.Now(), begun: time.Now()}
		// Its first turn began before it could look.
		for again := true; again; again = b.turn(t, r) {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
}

func budgetOfStep(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: turnBudget, Metrics: true}) // which have the time of a turn as well
	a, _ := r.pair(t)
	var task sched.HandlerTask
	b := budgeted{spent: func() bool { return r.ops.stepSpent(task) }}
	s := newScript(func(running sched.HandlerTask, c sched.Cause) sched.Next {
		task = running
		switch {
		case c == sched.Started:
			b.first = time.Now()
			b.begun = b.first
			return sched.Again()
		case b.turn(t, r):
			return sched.Again()
		}
		return sched.Done(nil)
	})
	r.handle(t, a, s)
	r.wait(t, s.ended, "the handler ends")
}

func budgetNone(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, taskForm, a)
	r.do(t, "busy", func(task *sched.Task) error {
		for until := time.Now().Add(turnBudget); time.Now().Before(until); {
			if r.ops.spent(task) {
				t.Errorf("a share is used up that nobody has set")
				break
			}
		}
		return r.ops.share(reg)
	})
	s := newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
		if r.ops.stepSpent(task) {
			t.Errorf("a share of a step is used up that nobody has set")
		}
		return sched.Done(nil)
	})
	r.handle(t, b, s)
	r.wait(t, s.ended, "the handler ends")
}

// always is a budget that is used up whenever somebody looks.
const always = time.Nanosecond

func budgetLetsTasksRun(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: always})
	a, _ := r.pair(t)
	reg := r.register(t, taskForm, a)
	r.letsTasksRun(t, func(*sched.Task) error { return r.ops.share(reg) })
}

func budgetLetsEventsIn(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: always})
	a, b := r.pair(t)
	busy := r.register(t, taskForm, b)
	r.letsEventsIn(t, a, b, func(*sched.Task) error { return r.ops.share(busy) })
}

// budgetKeepsTheTurn: who has a share left is not suspended by asking. On a loop of one thread
// another task, which is ready, would run then.
func budgetKeepsTheTurn(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: time.Hour})
	a, _ := r.pair(t)
	reg := r.register(t, taskForm, a)
	r.do(t, "asks", func(task *sched.Task) error {
		ran := false
		if err := task.Go(context.Background(), "other", func(*sched.Task) error {
			ran = true
			return nil
		}); err != nil {
			return err
		}
		for range 100 {
			if err := r.ops.share(reg); err != nil {
				return err
			}
		}
		if ran {
			t.Errorf("a task that had its share left was made to yield")
		}
		return nil
	})
}

func budgetCanceled(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: always})
	a, _ := r.pair(t)
	reg := r.register(t, taskForm, a)
	cause := errors.New("enough")
	begun := make(chan struct{})
	var canceled atomic.Bool
	j := r.launch(t, context.Background(), "never waits", func(*sched.Task) error {
		close(begun)
		var err error
		r.flood(t, &canceled, func() bool {
			err = r.ops.share(reg)
			return err == nil
		})
		if !errors.Is(err, cause) {
			t.Errorf("who lets others run and is canceled is told %v, want the cause", err)
		}
		return nil
	})
	r.wait(t, begun, "the task begins")
	j.Cancel(cause)
	canceled.Store(true)
	r.wait(t, j.Done(), "the task ends")
}
