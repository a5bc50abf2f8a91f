package sched

import (
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"
)

// Metrics is what a loop has counted since it was made. It is a snapshot and does not change: rates
// are for the reader, who takes one now and one later. As JSON it is an object with the names
// below, in snake case.
//
// Whoever takes it does not stop the loop. Each number is exact, whoever runs the tasks, but they
// are read one after the other: what happens meanwhile may be in one and not in another. When Run
// has returned they agree.
type Metrics struct {
	// Tasks is how many tasks there are, of both forms, as Loop.Len.
	Tasks int `json:"tasks"`
	// Ended is how many have ended: as many as Options.Ended is told of.
	Ended uint64 `json:"ended"`
	// Turns is how many turns tasks had that are over: a step of a handler, or the run of a
	// coroutine from one suspension to the next. A coroutine that a loop which has failed ends by a
	// panic has no turn for it.
	Turns uint64 `json:"turns"`
	// Waits is how often a worker has asked the queue for events.
	Waits uint64 `json:"waits"`
	// Events is how many the queue has reported, those of ended registrations included.
	Events uint64 `json:"events"`
	// Vain is how many waits for a handle ended in vain: it was reported ready, and the operation
	// would block. Some are usual: events that come late, and other readers that are faster. As
	// many as Waits show a handle that spins. Connections of package stream count them, and
	// handlers by HandlerTask.NoProgress.
	Vain uint64 `json:"vain"`
	// Posted is how many posted functions were called. Loop.Go, Start and Call post one each.
	Posted uint64 `json:"posted"`
	// Delay has for each turn the time from when the loop made the task ready to when it ran. It is
	// never negative, and has the time for which others held the loop meanwhile. It begins when the
	// loop learns of what wakes the task: for how long an event, a due timer, a posted function or
	// a Wake had to wait until the loop looked is not in it; that is at most the turns that ran
	// before, see TurnTime.
	Delay Histogram[time.Duration] `json:"delay"`
	// TurnTime has for each turn how long it was: how long a task held its thread. What
	// Options.Ended and Handler.End take is part of a task's last, and with several workers the
	// wait for the loop's lock is part of each.
	TurnTime Histogram[time.Duration] `json:"turn_time"`
	// Ready has for each round of the loop in which there was something to run how many tasks were
	// ready.
	Ready Histogram[int64] `json:"ready"`
}

// String returns m as JSON: it is an expvar.Var. What stays up to date is an expvar.Func that calls
// Loop.Metrics.
func (m Metrics) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // there is nothing in it that cannot be marshalled
	}
	return string(b)
}

// LogValue returns what String does, as a group of package slog.
func (m Metrics) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("tasks", m.Tasks), slog.Uint64("ended", m.Ended), slog.Uint64("turns", m.Turns),
		slog.Uint64("waits", m.Waits), slog.Uint64("events", m.Events), slog.Uint64("vain", m.Vain), slog.Uint64("posted", m.Posted),
		slog.Any("delay", m.Delay), slog.Any("turn_time", m.TurnTime), slog.Any("ready", m.Ready))
}

// Metrics returns what l has counted. Any goroutine may call it, at any time; it allocates a few
// KiB. Without Options.Metrics it has Tasks alone.
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

// metrics are the numbers of a loop. Its methods but clock do nothing where it is nil: where no
// metrics are asked for.
type metrics struct {
	ended, waits, events, vain, posted atomic.Uint64
	delay, turnTime, ready             histogram

	loop *Loop
	// batch is what clock returns while many tasks are made ready at a time, zero otherwise.
	// Guarded by the loop's lock.
	batch time.Duration
}

// measure has l count, before it runs.
func (l *Loop) measure() {
	l.metrics = &metrics{loop: l}
	l.runQueue.clock = l.metrics.clock
	for _, w := range l.workers {
		w.runQueue.clock = l.metrics.clock
	}
}

// clock returns when a task that becomes ready here becomes it.
func (m *metrics) clock() time.Duration {
	if m.batch != 0 {
		return m.batch
	}
	return m.loop.now()
}

// begin has the tasks that are made ready until end be ready at the same time, since reading the
// clock for each would cost more than to make it ready.
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

// stopwatch is what a worker knows of the time, if there are metrics: the end of a turn is the
// beginning of the next, so that the clock is read once for both.
type stopwatch struct {
	now   time.Duration // when the turn began, in the time of the worker's loop
	since time.Duration // when what is to run became ready
	turn  *metrics      // of the loop whose task has a turn
}

// roundBegins is called before w runs what is ready.
func (w *worker) roundBegins() {
	if m := w.loop.metrics; m != nil {
		if n := w.runQueue.count + w.loop.runQueue.count; n > 0 {
			m.ready.observe(int64(n))
			w.stopwatch.now = w.loop.now()
		}
	}
}

// theftBegins is called before w runs a task of another loop's queue.
func (w *worker) theftBegins() {
	if w.loop.metrics != nil {
		w.stopwatch.now = w.loop.now()
	}
}

// take removes the first from q, to be run by w.
func (w *worker) take(q *runQueue) runnable {
	w.stopwatch.since = q.readySince()
	return q.pop()
}

// turnBegins is called by a task of l that has been taken and is not over.
func (w *worker) turnBegins(l *Loop) {
	w.shareBegins(l)
	if m := l.metrics; m != nil {
		m.delay.observe(int64(w.stopwatch.now - w.stopwatch.since))
		w.stopwatch.turn = m
	}
}

// turnEnds is called when what was taken has run, whether it was a turn or not.
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
