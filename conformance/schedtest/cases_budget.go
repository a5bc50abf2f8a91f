package schedtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

const (
	spentRule = "Spent reports whether t has used up Options.TurnBudget, its share of the turn, since the loop last gave it the thread."
	shareRule = "YieldIfSpent lets other tasks run if the calling task has used up its share of the thread."
)

func budgetCases() []Case {
	const source = "gnet 599, tokio 6221: one connection monopolizes the loop"
	return []Case{
		{ID: "budget/task", Doc: "sched.Task.Spent", Run: budgetOfTask, Rule: spentRule, Source: source},
		{ID: "budget/step", Doc: "sched.HandlerTask.Spent", Run: budgetOfStep, Rule: "HandlerTask.Spent is Task.Spent for a step.", Source: source},
		{ID: "budget/none", Doc: "sched.Task.Spent", Run: budgetNone, Rule: "Spent never reports true without a TurnBudget.", Source: "a program that set no budget"},
		{ID: "budget/lets-tasks-run", Doc: "stream.Yielder", Run: budgetLetsTasksRun, Rule: shareRule, Source: "a handle that is always ready, so that the task never waits for it"},
		{ID: "budget/lets-events-in", Doc: "stream.Yielder", Run: budgetLetsEventsIn, Rule: shareRule, Source: "a handle that is always ready, so that the task never waits for it"},
		{ID: "budget/keeps-the-turn", Doc: "stream.Yielder", Run: budgetKeepsTheTurn, Needs: []Feature{InOrder}, Rule: shareRule, Source: "a task switch per operation"},
		{ID: "budget/canceled", Doc: "stream.Yielder", Run: budgetCanceled,
			Rule:   "After cancellation, the error ends the operation before it moves anything more.",
			Source: "a task that never waits and cannot be canceled"},
	}
}

// turnBudget is long enough that a task that has just got its thread can call Spent in time. If
// other processes take the processor away, the task tries again.
const turnBudget = 2 * time.Millisecond

// budgeted records what the turns of a task observe. The cases about Spent of both forms share it.
type budgeted struct {
	spent func() bool
	first time.Time // when the case began
	begun time.Time // before the turn that runs
	fresh int       // turns whose share was left when they began
	turns int
}

// turn is called in each turn and uses up the share. It reports whether another turn is wanted.
func (b *budgeted) turn(t T, r *Fixture) bool {
	b.turns++
	if !b.spent() {
		b.fresh++
	}
	r.keeps(t, "the share is used up", func() bool { return !b.spent() })
	if took := time.Since(b.begun); took < turnBudget {
		t.Errorf("the share of %v was used up %v after the end of the previous turn", turnBudget, took)
		return false
	}
	b.begun = time.Now()
	if b.fresh < 2 && b.begun.Sub(b.first) > r.late() {
		t.Errorf("after %v: %d turns began, %d of them with their share left", r.late(), b.turns, b.fresh)
		return false
	}
	return b.fresh < 2
}

func budgetOfTask(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: turnBudget})
	r.do(t, "busy", func(task *sched.Task) error {
		b := budgeted{spent: func() bool { return r.ops.spent(task) }, first: time.Now(), begun: time.Now()}
		// Its first turn began before it could take the time.
		for again := true; again; again = b.turn(t, r) {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
}

func budgetOfStep(t T, r *Fixture) {
	r.start(t, sched.Options{TurnBudget: turnBudget, Metrics: true}) // both also get the time of a turn
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
				t.Errorf("a share was used up without a TurnBudget")
				break
			}
		}
		return r.ops.share(reg)
	})
	s := newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
		if r.ops.stepSpent(task) {
			t.Errorf("a share of a step was used up without a TurnBudget")
		}
		return sched.Done(nil)
	})
	r.handle(t, b, s)
	r.wait(t, s.ended, "the handler ends")
}

// always is a budget that is spent whenever it is checked.
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

// budgetKeepsTheTurn: a check does not suspend a task that has a share left. On a loop of one
// thread, another task that is ready would run during the suspension.
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
			t.Errorf("a task with its share left was made to yield")
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
			t.Errorf("YieldIfSpent of a canceled task: %v, want the cause", err)
		}
		return nil
	})
	r.wait(t, begun, "the task begins")
	j.Cancel(cause)
	canceled.Store(true)
	r.wait(t, j.Done(), "the task ends")
}
