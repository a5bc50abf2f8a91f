package schedexplore

import "time"

// drift releases workers in calls of a queue until none can continue. Workers in user code stay
// there: the others see them as steps that take long.
func (c *crew) drift() {
	for range stepsMax {
		c.w.settle()
		if c.w.closing {
			c.w.openGates()
		}
		var waits []*stop
		for _, s := range c.movable() {
			if s.place != nil {
				waits = append(waits, s)
			}
		}
		if len(waits) == 0 {
			return
		}
		c.let(waits[c.w.random(len(waits))])
	}
	c.w.fail("the workers waited %d times while the environment was idle", stepsMax)
}

// rest is the state of the workers when only those in user code can continue.
type rest struct {
	crew    *crew
	held    map[uint64]bool  // threads in user code
	blocked map[*place]*stop // workers in Wait
}

// check is the central check. When only workers in user code can continue, every actor that was due
// to be woken must be awake. Actors that need one of those workers are exempt.
func (c *crew) check() {
	w := c.w
	c.drift()
	if c.over || c.off || w.broken() || w.over() {
		return
	}
	r := &rest{crew: c, held: map[uint64]bool{}, blocked: map[*place]*stop{}}
	for _, s := range c.stops {
		if s.place == nil {
			r.held[s.thread] = true
		} else {
			r.blocked[s.place] = s
		}
	}
	for _, p := range w.places {
		r.checkPlace(p)
	}
	for _, a := range w.actors {
		r.checkActor(a)
	}
}

// over reports whether the end has begun and all tasks have ended: then the workers return.
func (w *world) over() bool {
	for _, a := range w.actors {
		if s, ok := a.(*side); !a.over() && !(ok && s.gate != nil) {
			return false
		}
	}
	return w.draining || w.closing
}

// free reports whether a worker is free.
func (r *rest) free() bool { return len(r.held) < r.crew.form.Workers }

// serves reports whether a free worker can serve p.
func (r *rest) serves(p *place) bool {
	if r.crew.form.Stealing {
		return !r.held[p.thread]
	}
	return r.free()
}

func (r *rest) checkPlace(p *place) {
	if !r.serves(p) {
		return
	}
	if r.blocked[p] == nil {
		r.crew.w.fail("no worker waits in %v although one is free", p)
	}
	if len(p.posts) > 0 && !p.calls {
		r.crew.w.fail("%d posted functions wait although a worker is free", len(p.posts))
	}
}

// A starter can be ready in a way that does not need the worker that waits in the queue.
type starter interface{ ready() string }

func (r *rest) checkActor(a actor) {
	w := r.crew.w
	p, home := a.where()
	if a.over() || r.held[home] {
		return
	}
	if s, ok := a.(starter); ok && (home != 0 || r.free()) {
		if why := s.ready(); why != "" {
			w.fail("%v does not run although a worker is free and %s", a, why)
		}
	}
	// The worker that cancels a task may be in the code of the previous task.
	if !r.serves(p) || w.canceled && len(r.held) > 0 {
		return
	}
	if why := a.lost(w); why != "" {
		w.fail("%v waits although a worker is free and %s", a, why)
	}
	until := a.until()
	if until.IsZero() {
		return
	}
	b := r.blocked[p]
	if !until.After(time.Now()) || b != nil && (b.until.IsZero() || b.until.After(until)) {
		w.fail("%v waits for another %v, but no worker wakes by then", a, time.Until(until))
	}
}
