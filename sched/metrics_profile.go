package sched

import (
	"context"
	"runtime/pprof"
	"runtime/trace"
)

// profileLabel is the key of the label in profiles. Its value is the task's name.
const profileLabel = "task"

// profile holds the state for Options.Profile. Its methods do nothing if it is nil.
type profile struct {
	loop    context.Context // of Run: its labels are for code outside tasks
	handler context.Context
}

// profiled prepares l, whose Run got ctx, before a worker works.
func (l *Loop) profiled(ctx context.Context) {
	if l.options.Profile {
		l.profile = &profile{loop: ctx, handler: pprof.WithLabels(ctx, pprof.Labels(profileLabel, handlerName))}
	}
}

// labelCoroutine prepares the labels of t before w runs its first turn. They are made here, on the
// worker's stack, because a coroutine's stack is as large as its deepest call.
func (p *profile) labelCoroutine(w *worker, t *Task) {
	if p != nil {
		w.labels = pprof.WithLabels(p.loop, pprof.Labels(profileLabel, t.name))
	}
}

// label sets the labels of the calling coroutine, which keeps them like any goroutine. It is a
// separate function so that its frame is not part of sequence's.
//
//go:noinline
func (t *Task) label() {
	pprof.SetGoroutineLabels(t.home.labels)
	t.home.labels = nil
}

// turn is a turn in traces and profiles.
type turn struct {
	region *trace.Region // nil unless tracing is on
	labels context.Context
}

// handlerTurn begins the turn of a handler, on the goroutine of a worker.
func (p *profile) handlerTurn() (t turn) {
	if p != nil {
		t = p.turn(handlerName)
		t.labels = p.loop
		pprof.SetGoroutineLabels(p.handler)
	}
	return t
}

// turn begins the turn of a task, on the goroutine of a worker.
func (p *profile) turn(name string) (t turn) {
	if p != nil && trace.IsEnabled() {
		t.region = trace.StartRegion(p.loop, name)
	}
	return t
}

func (t turn) end() {
	if t.region != nil {
		t.region.End()
	}
	if t.labels != nil {
		pprof.SetGoroutineLabels(t.labels)
	}
}
