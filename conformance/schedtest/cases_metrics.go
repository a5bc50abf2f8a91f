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
			Rule:   "Each number is exact, whoever runs the tasks",
			Source: "counters that several threads add to without care lose some"},
		{ID: "metrics/while-it-runs", Doc: "sched.Metrics", Run: metricsWhileItRuns,
			Rule:   "Whoever takes it does not stop the loop.",
			Source: "a loop that is stuck is the one whose numbers are wanted"},
		{ID: "metrics/delay", Doc: "sched.Metrics.Delay", Run: metricsDelay, Needs: []Feature{InOrder},
			Rule:   "It is never negative, and has the time for which others held the loop meanwhile.",
			Source: "the delay of who waits for a long turn is what the turn costs"},
		{ID: "metrics/turn-time", Doc: "sched.Metrics.TurnTime", Run: metricsTurnTime,
			Rule:   "TurnTime has for each turn how long it was: how long a task held its thread.",
			Source: "a long turn delays all events of its loop"},
		{ID: "metrics/not-asked-for", Doc: "sched.Loop.Metrics", Run: metricsNotAskedFor,
			Rule:   "Without Options.Metrics it has Tasks alone.",
			Source: "the clock is read for nobody"},
	}
}

// finish ends the loops; then their metrics change no more.
func (r *Fixture) finish(t T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	if err := r.s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	r.wait(t, r.ran, "Run returns")
}

// sameCount reports a number that is not what the case has counted.
func sameCount(t T, what string, got, want uint64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

// busy runs tasks of both forms on the first loop until they end, and returns how many there were,
// and how many turns they had.
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
		t.Errorf("tasks have run, and no round had one that was ready")
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
				t.Errorf("one task runs, and there are %d tasks and %d posted functions", m.Tasks, m.Posted)
			}
		case <-time.After(r.late()):
			t.Errorf("after %v the metrics still wait for a task that holds its loop", r.late())
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
				t.Errorf("a maximum is more than the sum: %v", m)
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

// hold keeps the thread for as long as makes a difference, and returns how long that was at least.
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
		t.Errorf("a task had to wait for %v, and the longest delay is %v, the last quantile %v", held, d.Max(), d.Quantile(1))
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
		t.Errorf("%d tasks while one waits", m.Tasks)
	}
	if m.Ended+m.Turns+m.Waits+m.Events+m.Posted+m.Delay.Count()+m.TurnTime.Count()+m.Ready.Count() != 0 {
		t.Errorf("there are metrics that nobody asked for: %v", m)
	}
}
