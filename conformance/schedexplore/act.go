package schedexplore

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

var errCanceled = errors.New("schedexplore: canceled")

// act lets the environment act once.
func (w *world) act() {
	if w.acting || !w.busy() {
		return
	}
	w.acting = true
	defer func() { w.acting = false }()
	w.settle()
	w.acts.Add(-1)
	switch w.random(20) {
	default:
		w.arrive()
	case 0, 1, 2, 3, 4:
		w.letGo()
	case 5, 6:
		w.interrupt()
	case 7:
		w.closeOne()
	case 8:
		w.cancelOne()
	case 9, 10:
		w.post()
	case 11:
		w.wakeOne()
	case 12, 13, 14:
		w.pass()
	case 15:
		w.trace("the environment wakes the queue")
		_ = w.somewhere().loop.Queue().Wake()
	case 16, 17:
		w.visit()
	case 18:
		if w.oneIn(8) {
			w.drainEarly()
		}
	}
	w.settle()
}

// close begins the end: all files end, and so all actors must end, unless the loop is canceled.
func (w *world) close() {
	w.closing = true
	if w.oneIn(6) {
		w.trace("Run is canceled")
		w.canceled = true
		w.cancel(errCanceled)
		w.settle()
		return
	}
	w.trace("drain and end of all files")
	w.draining = true
	for _, c := range w.conns {
		w.end(c.at, c.file)
	}
	for _, a := range w.actors {
		if s, ok := a.(*awaiter); ok {
			s.resumed = true
			if s.resume != nil {
				s.resume()
			}
		}
	}
	for _, p := range w.places {
		p.loop.Drain()
	}
}

func (w *world) end(p *place, f *file) {
	p.queue.change(f, queue.Both, func() { f.ended = true })
}

// arrive makes a file ready.
func (w *world) arrive() {
	if len(w.conns) == 0 {
		return
	}
	c := w.conns[w.random(len(w.conns))]
	f, q := c.file, c.at.queue
	switch {
	case w.oneIn(30):
		w.trace("%v ends", f.handle)
		w.end(c.at, f)
	case w.oneIn(3):
		w.trace("%v gets room", f.handle)
		q.change(f, queue.Writable, func() { f.room++ })
	default:
		w.trace("%v gets a token", f.handle)
		q.change(f, queue.Readable, func() { f.tokens++ })
	}
}

// letGo opens the gate of a goroutine.
func (w *world) letGo() {
	if len(w.detained) > 0 && w.oneIn(4) {
		w.trace("a goroutine stopped in a call of the queue continues")
		w.release()
		return
	}
	var at []*side
	for _, a := range w.actors {
		if s, ok := a.(*side); ok && s.atGate {
			at = append(at, s)
		}
	}
	if len(at) > 0 {
		s := at[w.random(len(at))]
		w.trace("%v continues", s)
		s.open()
	}
}

func (w *world) sides() []*side {
	var all []*side
	for _, a := range w.actors {
		if s, ok := a.(*side); ok && !s.ended {
			all = append(all, s)
		}
	}
	return all
}

func (w *world) interrupt() {
	if all := w.sides(); len(all) > 0 {
		s := all[w.random(len(all))]
		if s.conn.reg == nil || s.conn.closed {
			return
		}
		w.trace("%v is interrupted", s)
		s.interrupted = true
		s.credit++
		w.outside(func() { s.conn.reg.Interrupt(s.direction) })
	}
}

// closeOne closes a registration and its handle. Half of the time it immediately opens another with
// the same number.
func (w *world) closeOne() {
	all := w.sides()
	if len(all) == 0 || !w.oneIn(2) {
		return
	}
	c := all[w.random(len(all))].conn
	if c.reg == nil || c.closed {
		return
	}
	w.trace("%v is closed", c.file.handle)
	c.closed = true
	if err := c.reg.Close(); err != nil {
		w.fail("Close: %v", err)
	}
	c.at.queue.shut(c.file)
	if w.oneIn(2) && len(w.actors) < 2*actorsMax {
		if s := w.addConn(); s.gate != nil && w.oneIn(2) {
			s.open() // it registers the same number at once
		}
	}
}

func (w *world) cancelOne() {
	for _, a := range w.actors {
		if t, ok := a.(canceler); ok && !a.over() && w.oneIn(4) {
			if t.cancelIt() {
				w.trace("%v is canceled", a)
				return
			}
		}
	}
}

type canceler interface{ cancelIt() bool }

func (w *world) post() {
	w.postings++
	n := w.postings
	p := w.somewhere()
	p.posts = append(p.posts, n)
	w.trace("function %d is posted", n)
	f := func() {
		defer w.calling(p, function(n))()
		w.trace("function %d runs", n)
		if len(p.posts) == 0 || p.posts[0] != n {
			w.fail("function %d runs while %v wait", n, p.posts)
			return
		}
		p.posts = p.posts[1:]
		// Between the events of a turn and the end of the turn.
		for w.crew == nil && w.oneIn(2) && w.busy() {
			w.act()
		}
	}
	post := p.loop.Post
	if w.seams.Post != nil {
		post = func(f func()) error { return w.seams.Post(p.loop, f) }
	}
	w.outside(func() {
		if err := post(f); err != nil {
			p.posts = slices.DeleteFunc(p.posts, func(other int) bool { return other == n })
			if !w.mayRefuse(err) {
				w.fail("Post: %v", err)
			}
		}
	})
}

// function is a posted function.
type function int

func (f function) String() string { return fmt.Sprintf("function %d", int(f)) }

// calling must be called first by a posted function, which calls the returned function last.
func (w *world) calling(p *place, who fmt.Stringer) (over func()) {
	if p.calls {
		w.fail("%v is called while another function runs", who)
	}
	p.calls = true
	w.enter(who)
	return func() { p.calls = false }
}

// wakeOne wakes a handler or resumes a task.
func (w *world) wakeOne() {
	if len(w.actors) == 0 {
		return
	}
	switch a := w.actors[w.random(len(w.actors))].(type) {
	case *handler:
		if a.ended || a.task.Loop() == nil {
			return
		}
		w.trace("%v is woken", a)
		a.woken = true
		a.wakes++
		wake := (sched.HandlerTask).Wake
		if w.seams.Wake != nil {
			wake = w.seams.Wake
		}
		w.outside(func() { wake(a.task) })
	case *awaiter:
		if a.resume != nil && !a.resumed {
			w.trace("%v is resumed", a)
			a.resumed = true
			w.outside(a.resume)
		}
	}
}

// pass advances the clock: to about the next deadline, or by a random duration.
func (w *world) pass() {
	d := time.Duration(w.random(1_000_000))
	var next time.Time
	for _, a := range w.actors {
		until := a.until()
		if s, ok := a.(*side); ok && s.waiting {
			until = s.deadline
		}
		if !a.over() && !until.IsZero() && (next.IsZero() || until.Before(next)) {
			next = until
		}
	}
	if left := time.Until(next); !next.IsZero() && left >= 0 && w.oneIn(2) {
		d = left + time.Duration(w.random(3)-1)
	}
	if d > 0 {
		w.trace("%v passes", d)
		w.sleep(d)
	}
}
