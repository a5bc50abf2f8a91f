package sched

import (
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"
)

// Metrics is a snapshot of what a loop has counted since it was created. It does not change. For
// rates, the reader compares two snapshots. As JSON it is an object with the names below, in snake
// case.
//
// Taking a snapshot does not stop the loop. Each number is exact, whichever worker runs the tasks.
// The numbers are read one after the other, so a change in between may be in one and not in
// another. They agree once Run has returned.
type Metrics struct {
	// Tasks is the number of tasks, of both forms, as Loop.Len returns.
	Tasks int `json:"tasks"`
	// Ended is the number of tasks that have ended. It equals the number of task ends reported to
	// Options.Ended.
	Ended uint64 `json:"ended"`
	// Turns is the number of completed turns: a step of a handler, or the run of a coroutine from
	// one suspension to the next. The panic by which a failed loop ends a coroutine is not a turn.
	Turns uint64 `json:"turns"`
	// Waits is the number of times that a worker has asked the queue for events.
	Waits uint64 `json:"waits"`
	// Events is the number of events that the queue has reported, including those of ended
	// registrations.
	Events uint64 `json:"events"`
	// Vain is the number of waits for a handle that ended in vain: it was reported ready, and the
	// operation would block. Some are normal, from late events and faster readers. As many as Waits
	// indicate a handle that spins. Connections of package stream count them, and handlers with
	// HandlerTask.NoProgress.
	Vain uint64 `json:"vain"`
	// Posted is the number of posted functions that were called. Loop.Go, Start and Call post one
	// each.
	Posted uint64 `json:"posted"`
	// Delay has, for each turn, the time from when the loop made the task ready to when it ran. It
	// is never negative. It includes the time for which other tasks held the loop meanwhile.
	//
	// It begins when the loop learns of what wakes the task. An event, a due timer, a posted
	// function or a Wake may have waited until the loop looked. That time is not included. It is at
	// most the turns that ran before; see TurnTime.
	Delay Histogram[time.Duration] `json:"delay"`
	// TurnTime has, for each turn, how long a task held its thread. The time in Options.Ended and
	// Handler.End is part of a task's last turn. With several workers, the wait for the loop's lock
	// is part of each turn.
	TurnTime Histogram[time.Duration] `json:"turn_time"`
	// Ready has the number of ready tasks for each round of the loop in which there was something
	// to run.
	Ready Histogram[int64] `json:"ready"`
}

// String returns m as JSON, so m is an expvar.Var. For values that stay up to date, use an
// expvar.Func that calls Loop.Metrics.
func (m Metrics) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // every field can be marshaled
	}
	return string(b)
}

// LogValue returns the content of String as a group of package slog.
func (m Metrics) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("tasks", m.Tasks), slog.Uint64("ended", m.Ended), slog.Uint64("turns", m.Turns),
		slog.Uint64("waits", m.Waits), slog.Uint64("events", m.Events), slog.Uint64("vain", m.Vain), slog.Uint64("posted", m.Posted),
		slog.Any("delay", m.Delay), slog.Any("turn_time", m.TurnTime), slog.Any("ready", m.Ready))
}

// Metrics returns a snapshot of what l has counted. Any goroutine may call it at any time. It
// allocates a few KiB. Without Options.Metrics it has only Tasks.
func (l *Loop) Metrics() Metrics {
	s := Metrics{Tasks: l.Len()}
	if m := l.metrics; m != nil {
		s.Ended, s.Posted = m.ended.Load(), m.posted.Load()
		s.Waits, s.Events, s.Vain = m.waits.Load(), m.events.Load(), m.vain.Load()
		s.TurnTime = snapshotOf[time.Duration](&m.turnTime)
		s.Turns = s.TurnTime.Count()
		s.Delay = snapshotOf[time.Duration](&m.delay)
		s.Ready = snapshotOf[int64](&m.ready)
	}
	return s
}

// metrics holds the counters of a loop. If it is nil, because no metrics are requested, its methods
// except clock do nothing.
type metrics struct {
	ended, waits, events, vain, posted atomic.Uint64
	delay, turnTime, ready             histogram

	loop *Loop
	// batch is the time that clock returns while many tasks are made ready at once, zero otherwise.
	// Guarded by the loop's lock.
	batch time.Duration
}

// measure enables the counters of l before it runs.
func (l *Loop) measure() {
	l.metrics = &metrics{loop: l}
	l.runQueue.clock = l.metrics.clock
}

// clock returns the time for a task that becomes ready now.
func (m *metrics) clock() time.Duration {
	if m.batch != 0 {
		return m.batch
	}
	return m.loop.now()
}

// begin gives all tasks that are made ready until end the same time. Reading the clock for each
// task would cost more than making it ready.
func (m *metrics) begin(now time.Duration) {
	if m != nil {
		m.batch = now
	}
}

func (m *metrics) end() {
	if m != nil {
		m.batch = 0
	}
}

func (m *metrics) countWait() {
	if m != nil {
		m.waits.Add(1)
	}
}

func (m *metrics) countPosted() {
	if m != nil {
		m.posted.Add(1)
	}
}

func (m *metrics) countVain() {
	if m != nil {
		m.vain.Add(1)
	}
}

func (m *metrics) countEnded() {
	if m != nil {
		m.ended.Add(1)
	}
}

// stopwatch holds a worker's times, if there are metrics. The end of a turn is the beginning of the
// next, so that one clock reading serves both.
type stopwatch struct {
	now   time.Duration // when the turn began, in the time of the worker's loop
	since time.Duration // when the next task to run became ready
	turn  *metrics      // of the loop whose task has the turn
}

// roundBegins is called before w runs the ready tasks.
func (w *worker) roundBegins() {
	if m := w.loop.metrics; m != nil {
		if n := w.home.count + w.loop.runQueue.count; n > 0 {
			m.ready.observe(int64(n))
			w.stopwatch.now = w.loop.now()
		}
	}
}

// theftBegins is called before w runs a task from another loop's queue.
func (w *worker) theftBegins() {
	if w.loop.metrics != nil {
		w.stopwatch.now = w.loop.now()
	}
}

// take removes the first task from q, for w to run.
func (w *worker) take(q *runQueue) runnable {
	w.stopwatch.since = q.readySince()
	return q.pop()
}

// turnBegins is called by a task of l that has been taken from a queue and has not ended.
func (w *worker) turnBegins(l *Loop) {
	w.shareBegins(l)
	if m := l.metrics; m != nil {
		m.delay.observe(int64(w.stopwatch.now - w.stopwatch.since))
		w.stopwatch.turn = m
	}
}

// turnEnds is called after a runnable has run, whether or not it was a turn.
func (w *worker) turnEnds() {
	if w.loop.metrics == nil {
		return
	}
	now := w.loop.now()
	if m := w.stopwatch.turn; m != nil {
		m.turnTime.observe(int64(now - w.stopwatch.now))
		w.stopwatch.turn = nil
	}
	w.stopwatch.now = now
}
