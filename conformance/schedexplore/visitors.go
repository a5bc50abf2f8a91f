package schedexplore

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise/sched"
)

// boundMax is the largest bound of an interleaving that has one.
const boundMax = 6

// visitorsMax bounds the visitors of an interleaving.
const visitorsMax = 12

// visitor is a task that the environment starts at any time. A bound or the end of the loop may
// refuse it.
type visitor struct {
	family
	yields int
}

func (v *visitor) lost(*world) string { return "" }

// visit starts a visitor.
func (w *world) visit() {
	if w.visitors == visitorsMax {
		return
	}
	w.visitors++
	p := w.somewhere()
	ctx, f := w.newFamily(p, "visitor")
	v := &visitor{family: f, yields: w.random(3)}
	w.actors = append(w.actors, v)
	w.count(v.name, 1)
	start := (*sched.Loop).Go
	if w.seams.Start != nil {
		start = w.seams.Start
	}
	w.trace("%v is started", v)
	// With several workers, the thread that drains may have stopped on the way.
	ending, full := w.crew == nil && (w.draining || w.canceled), w.crew == nil && w.tasksMax > 0 && p.loop.Len() >= w.tasksMax
	w.apply(func() {
		err := start(p.loop, ctx, v.name, v.run)
		if err == nil {
			if full || ending {
				w.fail("%v was started although the loop is full (%v) or ends (%v)", v, full, ending)
			}
			return
		}
		w.trace("%v is refused: %v", v, err)
		w.count(v.name, -1)
		v.ended = true
		switch {
		case errors.Is(err, sched.ErrStopped):
			if !w.draining && !w.canceled && !w.broken() {
				w.fail("%v was refused: %v", v, err)
			}
		case !errors.Is(err, sched.ErrFull) || !w.bounded():
			w.fail("%v was refused: %v", v, err)
		}
	})
}

// apply calls f on its own goroutine. The goroutine of a mutant may stop in a call of the queue;
// see detain.
func (w *world) apply(f func()) {
	if w.crew != nil {
		w.outside(f)
		return
	}
	go f()
	w.settle()
}

// detain stops the caller, which must not be on a goroutine of the loop, until it is released.
func (w *world) detain() {
	gate := make(chan struct{})
	w.detained = append(w.detained, gate)
	<-gate
}

// release releases the first detained goroutine, if any.
func (w *world) release() bool {
	if len(w.detained) == 0 {
		return false
	}
	gate := w.detained[0]
	w.detained = w.detained[1:]
	close(gate)
	w.settle()
	return true
}

// bounded reports whether a start may be refused although the loop does not end.
func (w *world) bounded() bool { return w.tasksMax > 0 || w.inboxMax > 0 }

// mayRefuse reports whether err is a refusal because of a bound or the end.
func (w *world) mayRefuse(err error) bool {
	return errors.Is(err, sched.ErrFull) && w.bounded() || errors.Is(err, sched.ErrStopped) && w.draining
}

// options returns the options of all loops.
func (w *world) options() sched.Options {
	return sched.Options{Mode: w.mode, Ended: w.ended, MaxTasks: w.tasksMax, MaxPosted: w.inboxMax}
}

// drainEarly asks the loops to end while the environment still acts.
func (w *world) drainEarly() {
	if w.draining {
		return
	}
	w.trace("drain")
	w.draining = true
	w.outside(func() {
		for _, p := range w.places {
			p.loop.Drain()
		}
	})
}

func (v *visitor) run(t *sched.Task) error {
	defer func() { v.ended = true }()
	v.begins()
	for range v.yields {
		v.w.point(v)
		err := t.Yield()
		v.w.enter(v)
		if v.judge(err); err != nil {
			return nil
		}
	}
	return nil
}

// spawn starts a task and sets ended when it ends.
func (w *world) spawn(ctx context.Context, p *place, name string, ended *bool, body func(t *sched.Task) error) {
	w.count(name, 1)
	err := p.loop.Go(ctx, name, func(t *sched.Task) error {
		defer func() { *ended = true }()
		return body(t)
	})
	if err != nil {
		w.count(name, -1)
		*ended = true
		if !w.mayRefuse(err) {
			w.fail("Go: %v", err)
		}
	}
}
