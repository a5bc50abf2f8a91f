package sched

import (
	"context"
	"runtime/pprof"
	"runtime/trace"
)

// profileLabel is the key of the label that profiles have: its value is the task's name.
const profileLabel = "task"

// profile is what Options.Profile asks for. Its methods do nothing where it is nil.
type profile struct {
	loop    context.Context // of Run: its labels are those of what is no task
	handler context.Context
}

// profiled prepares l, whose Run was given ctx, before a worker works.
func (l *Loop) profiled(ctx context.Context) {
	if l.options.Profile {
		l.profile = &profile{loop: ctx, handler: pprof.WithLabels(ctx, pprof.Labels(profileLabel, handlerName))}
	}
}

// labelCoroutine prepares the labels of t, whose first turn w is about to run. They are made here,
// on the worker's stack: a coroutine's is as large as the deepest call in it.
func (p *profile) labelCoroutine(w *worker, t *Task) {
	if p != nil {
		w.labels = pprof.WithLabels(p.loop, pprof.Labels(profileLabel, t.name))
	}
}

// label gives the coroutine, in which it is called, its labels, which it keeps as any goroutine
// does. Its frame is not to be part of sequence's.
//
//go:noinline
func (t *Task) label() {
	pprof.SetGoroutineLabels(t.home.labels)
	t.home.labels = nil
}

// turn is a turn as traces and profiles have it.
type turn struct {
	region *trace.Region // nil unless a trace is being made
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
