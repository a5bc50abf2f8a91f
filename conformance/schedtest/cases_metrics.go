package schedtest

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func metricsCases() []Case {
	return []Case{
		{ID: "metrics/counts", Doc: "sched.Metrics", Run: metricsCount,
			Rule:   "Each number is exact, whichever worker runs the tasks.",
			Source: "unsynchronized counters that lose increments of several threads"},
		{ID: "metrics/while-it-runs", Doc: "sched.Metrics", Run: metricsWhileItRuns,
			Rule:   "Taking a snapshot does not stop the loop.",
			Source: "a stuck loop is the one whose numbers are wanted"},
		{ID: "metrics/delay", Doc: "sched.Metrics.Delay", Run: metricsDelay, Needs: []Feature{InOrder},
			Rule:   "A delay is never negative, and it includes the time for which other tasks held the loop.",
			Source: "a long turn delays the tasks that wait for it"},
		{ID: "metrics/turn-time", Doc: "sched.Metrics.TurnTime", Run: metricsTurnTime,
			Rule:   "TurnTime records the length of each turn: how long a task held its thread.",
			Source: "a long turn delays all events of its loop"},
		{ID: "metrics/not-asked-for", Doc: "sched.Loop.Metrics", Run: metricsNotAskedFor,
			Rule:   "Without Options.Metrics, the snapshot has only Tasks.",
			Source: "the clock is read for numbers that no caller reads"},
	}
}

// finish ends the loops. After that, their metrics no longer change.
func (r *Fixture) finish(t T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	if err := r.s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	r.wait(t, r.ran, "Run returns")
}

// sameCount reports a number that differs from the count of the case.
func sameCount(t T, what string, got, want uint64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

// busy runs tasks of both forms on the first loop until they end. It returns how many tasks there
// were, and how many turns they had.
func (r *Fixture) busy(t T) (tasks, turns uint64) {
	t.Helper()
	const coroutines, handlers, yields = 6, 3, 10
	var run atomic.Uint64
	var ends []<-chan struct{}
	for range coroutines {
		ends = append(ends, r.spawn(t, r.loop(), context.Background(), "yields", func(task *sched.Task) error {
			run.Add(1)
			for range yields {
				if err := task.Yield(); err != nil {
					return err
				}
				run.Add(1)
			}
			return nil
		}))
	}
	var scripts []*script
	for range handlers {
		a, b := r.pair(t)
		p := make([]byte, 64)
		s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
			for {
				switch n, err := sys.Recv(a, p); {
				case err == sys.ErrWouldBlock:
					return sched.WaitFor(queue.Readable)
				case n == 0 || err != nil:
					return sched.Done(err)
				}
			}
		})
		var task sched.HandlerTask
		var err error
		r.on(t, func() { task, err = r.loop().StartHandler(a, s) })
		if err != nil {
			t.Fatalf("Handle: %v", err)
		}
		for range r.rounds(100) {
			send(t, b, "x")
			task.Wake()
		}
		if err := sys.Shutdown(b, sys.ShutWriting); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		scripts, ends = append(scripts, s), append(ends, s.ended)
	}
	for _, ended := range ends {
		r.wait(t, ended, "a task ends")
	}
	for _, s := range scripts {
		run.Add(uint64(s.steps.Load()))
	}
	return coroutines + handlers, run.Load()
}

func metricsCount(t T, r *Fixture) {
	r.start(t, sched.Options{Metrics: true})
	tasks, turns := r.busy(t)
	r.finish(t)
	m := r.ops.metrics(r.loop())
	sameCount(t, "turns", m.Turns, turns)
	sameCount(t, "delays", m.Delay.Count(), turns)
	sameCount(t, "lengths of turns", m.TurnTime.Count(), turns)
	sameCount(t, "posted functions", m.Posted, tasks) // each starts one
	sameCount(t, "tasks that have ended", m.Ended, tasks)
	sameCount(t, "tasks", uint64(m.Tasks), 0)
	var rounds uint64
	for i, l := range r.s.Loops() {
		m := r.ops.metrics(l)
		rounds += m.Ready.Count()
		sameCount(t, "events", m.Events, uint64(r.queues[i].events.Load()))
		sameCount(t, "waits", m.Waits, uint64(r.queues[i].waits.Load()))
	}
	if rounds == 0 {
		t.Errorf("tasks have run, but no round had a ready task")
	}
}

func metricsWhileItRuns(t T, r *Fixture) {
	r.start(t, sched.Options{Metrics: true})
	r.do(t, "holds its loop", func(task *sched.Task) error {
		got := make(chan sched.Metrics, 1)
		go func() { got <- r.ops.metrics(task.Loop()) }()
		select {
		case m := <-got:
			if m.Tasks != 1 || m.Posted == 0 {
				t.Errorf("one task runs, but the metrics have %d tasks and %d posted functions", m.Tasks, m.Posted)
			}
		case <-time.After(r.late()):
			t.Errorf("after %v the snapshot is still blocked by a task that holds its loop", r.late())
		}
		return nil
	})
	stop, stopped := make(chan struct{}), make(chan struct{})
	defer func() {
		close(stop)
		r.happens(stopped)
	}()
	go func() {
		defer close(stopped)
		for last := uint64(0); ; {
			m := r.ops.metrics(r.loop())
			if m.Turns < last {
				t.Errorf("%d turns after %d", m.Turns, last)
			}
			last = m.Turns
			if m.TurnTime.Sum() < m.TurnTime.Max() || m.Delay.Sum() < m.Delay.Max() {
				t.Errorf("a maximum exceeds the sum: %v", m)
			}
			select {
			case <-stop:
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	r.busy(t)
}

// hold keeps the thread for a time that the metrics can show, and returns a lower bound of it.
func hold() time.Duration {
	const while = 2 * time.Millisecond
	for begun := time.Now(); time.Since(begun) < while; {
		continue
	}
	return while
}

func metricsDelay(t T, r *Fixture) {
	begun := time.Now()
	r.start(t, sched.Options{Metrics: true})
	ended := make(chan struct{})
	var held time.Duration
	r.do(t, "holds its loop", func(task *sched.Task) error {
		err := r.ops.child(task, context.Background(), "has to wait", func(*sched.Task) error {
			close(ended)
			return nil
		})
		held = hold()
		return err
	})
	r.wait(t, ended, "the child ends")
	r.finish(t)
	d := r.ops.metrics(r.loop()).Delay
	if d.Max() < held || d.Quantile(1) < held {
		t.Errorf("a task waited for %v, but the longest delay is %v, the last quantile %v", held, d.Max(), d.Quantile(1))
	}
	if least, all := d.Quantile(0), time.Since(begun); least < 0 || d.Sum() < 0 || d.Max() > all {
		t.Errorf("the delays are from %v to %v in a test of %v, and in all %v", least, d.Max(), all, d.Sum())
	}
}

func metricsTurnTime(t T, r *Fixture) {
	r.start(t, sched.Options{Metrics: true})
	var held time.Duration
	r.do(t, "holds its loop", func(*sched.Task) error {
		held = hold()
		return nil
	})
	r.finish(t)
	if d := r.ops.metrics(r.loop()).TurnTime; d.Max() < held || d.Sum() < held {
		t.Errorf("a turn took %v, and the longest is %v, the sum %v", held, d.Max(), d.Sum())
	}
}

func metricsNotAskedFor(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	r.handle(t, a, newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.WaitFor(queue.None) }))
	r.fence(t)
	m := r.ops.metrics(r.loop())
	if m.Tasks != 1 {
		t.Errorf("the snapshot has %d tasks, want 1 that waits", m.Tasks)
	}
	if m.Ended+m.Turns+m.Waits+m.Events+m.Posted+m.Delay.Count()+m.TurnTime.Count()+m.Ready.Count() != 0 {
		t.Errorf("there are metrics without Options.Metrics: %v", m)
	}
}
