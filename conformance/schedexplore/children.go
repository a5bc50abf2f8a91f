package schedexplore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

// family is the common part of tasks that depend on each other. They are explored only with several
// workers.
type family struct {
	w        *world
	at       *place
	home     uint64
	name     string
	ended    bool
	canceled bool
	cancel   context.CancelFunc
}

func (f *family) over() bool              { return f.ended }
func (f *family) where() (*place, uint64) { return f.at, f.home }
func (f *family) until() time.Time        { return time.Time{} }
func (f *family) String() string          { return f.name }

func (f *family) cancelIt() bool {
	if f.canceled {
		return false
	}
	f.canceled = true
	f.cancel()
	return true
}

// begins must be called first by the task.
func (f *family) begins() {
	f.w.enter(f)
	f.home = f.w.crew.thread()
}

// judge checks that an error has a cause.
func (f *family) judge(err error) {
	var c *sched.CancelError
	if err != nil && !(errors.As(err, &c) && (f.canceled || f.w.canceled)) && !f.w.broken() {
		f.w.fail("%v: %v", f, err)
	}
}

func (w *world) newFamily(p *place, kind string) (context.Context, family) {
	ctx, cancel := context.WithCancel(context.Background())
	return ctx, family{w: w, at: p, name: w.name(kind), cancel: cancel}
}

// parent is a task that starts others and joins some of them.
type parent struct {
	family
	joins *child
}

func (w *world) addParent() {
	at := w.somewhere()
	ctx, f := w.newFamily(at, "parent")
	p := &parent{family: f}
	w.actors = append(w.actors, p)
	w.spawn(ctx, at, p.name, &p.ended, p.run)
}

func (p *parent) lost(w *world) string {
	switch {
	case p.joins == nil:
		return ""
	case p.canceled || w.canceled:
		return "it was canceled"
	case w.gone(p.joins.name):
		return p.joins.name + ", which it joins, has ended"
	}
	return ""
}

func (p *parent) run(t *sched.Task) error {
	w := p.w
	p.begins()
	for range 1 + w.random(3) {
		ctx, f := w.newFamily(p.at, "child")
		c := &child{family: f}
		w.actors = append(w.actors, c)
		w.count(c.name, 1)
		j, err := t.Start(ctx, c.name, c.run)
		if err != nil {
			w.count(c.name, -1)
			c.ended = true
			if !errors.Is(err, sched.ErrFull) || !w.bounded() {
				w.fail("Start: %v", err)
			}
			return nil
		}
		w.enter(p)
		if w.oneIn(2) {
			continue
		}
		p.joins = c
		err = t.Join(j)
		p.joins = nil
		w.enter(p)
		if p.judge(err); err != nil {
			return err
		}
		if !w.gone(c.name) {
			w.fail("%v joined %v, which has not ended", p, c)
		}
	}
	return nil
}

func (w *world) addFamilies() {
	if w.oneIn(2) {
		w.addParent()
	}
	if w.oneIn(3) {
		w.addBorrower()
		w.addBorrower()
	}
}

// gone reports whether Ended was called for the task.
func (w *world) gone(name string) bool {
	w.told.Lock()
	defer w.told.Unlock()
	return w.names[name] == 0
}

// child is a task that yields a few times.
type child struct {
	family
	begun  bool
	yields bool
}

func (c *child) lost(*world) string { return "" }

// ready implements starter.
func (c *child) ready() string {
	switch {
	case !c.begun:
		return "it was started by another task"
	case c.yields:
		return "it yielded"
	}
	return ""
}

func (c *child) run(t *sched.Task) error {
	defer func() { c.ended = true }()
	c.begun = true
	c.begins()
	for range c.w.random(3) {
		c.yields = true
		err := t.Yield()
		c.yields = false
		c.w.enter(c)
		if err != nil && (c.canceled || c.w.canceled) {
			return nil
		}
		c.judge(err)
	}
	return nil
}

// borrower is a task that locks a mutex which the tasks of all loops share.
type borrower struct {
	family
	waits bool
}

// lent is the state that the borrowers share.
type lent struct {
	mutex sched.Mutex
	taken bool
	line  []*borrower // the borrowers that wait for the mutex, in order
}

func (w *world) addBorrower() {
	at := w.somewhere()
	ctx, f := w.newFamily(at, "borrower")
	b := &borrower{family: f}
	w.actors = append(w.actors, b)
	w.spawn(ctx, at, b.name, &b.ended, b.run)
}

func (b *borrower) lost(w *world) string {
	switch {
	case !b.waits:
		return ""
	case b.canceled || w.canceled:
		return "it was canceled"
	case !w.lent.taken && w.lent.line[0] == b:
		return "the mutex is free and it is first in line"
	}
	return ""
}

func (b *borrower) run(t *sched.Task) error {
	w := b.w
	b.begins()
	for range 1 + w.random(4) {
		b.waits = true
		w.lent.line = append(w.lent.line, b)
		err := w.lent.mutex.Lock(t)
		w.enter(b)
		b.waits = false
		w.lent.line = slices.DeleteFunc(w.lent.line, func(o *borrower) bool { return o == b })
		if b.judge(err); err != nil {
			return err
		}
		if w.lent.taken {
			w.fail("%v got the mutex while another task holds it", b)
		}
		w.lent.taken = true
		w.point(b)
		w.lent.taken = false
		w.lent.mutex.Unlock()
		w.point(b)
	}
	return nil
}
