package schedexplore

import "time"

// drift lets all go on that are in a call of a queue, until none can; who is in code of others
// stays there. That is what a step that takes long is to the others.
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
	c.w.fail("the workers wait %d times while nobody acts", stepsMax)
}

// rest is what the workers do when nobody can go on but those in code of others.
type rest struct {
	crew    *crew
	held    map[uint64]bool  // threads in code of others
	blocked map[*place]*stop // in Wait
}

// check is the heart: nobody can go on but the workers that are in code of others, so that nobody
// may wait whom something was to wake, unless he needs one of those.
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

// over reports whether the end has begun, and all tasks have ended: then the workers go home.
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

// serves reports whether somebody who is free can do what p is asked for.
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
		r.crew.w.fail("nobody waits in %v, and a worker is free", p)
	}
	if len(p.posts) > 0 && !p.calls {
		r.crew.w.fail("%d posted functions wait, and a worker is free", len(p.posts))
	}
}

// A starter has a way to be ready that does not need the worker who waits in the queue.
type starter interface{ ready() string }

func (r *rest) checkActor(a actor) {
	w := r.crew.w
	p, home := a.where()
	if a.over() || r.held[home] {
		return
	}
	if s, ok := a.(starter); ok && (home != 0 || r.free()) {
		if why := s.ready(); why != "" {
			w.fail("%v does not run and a worker is free, although %s", a, why)
		}
	}
	// Who cancels a task may be in the code of the one before it.
	if !r.serves(p) || w.canceled && len(r.held) > 0 {
		return
	}
	if why := a.lost(w); why != "" {
		w.fail("%v waits and a worker is free, although %s", a, why)
	}
	until := a.until()
	if until.IsZero() {
		return
	}
	b := r.blocked[p]
	if !until.After(time.Now()) || b != nil && (b.until.IsZero() || b.until.After(until)) {
		w.fail("%v waits for %v more, and nobody wakes by then", a, time.Until(until))
	}
}
