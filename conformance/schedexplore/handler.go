package schedexplore

import (
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// handler reads and writes as far as it can and then waits.
type handler struct {
	w     *world
	at    *place
	name  string
	file  *file
	task  sched.HandlerTask
	mine  *registration
	echo  bool // sends back what it reads and waits with a time limit of an hour
	count int  // number of steps

	ended    bool
	waiting  bool
	want     queue.Interest
	deadline time.Time
	last     time.Time // the deadline of the previous wait
	woken    bool      // by Wake, and not stepped for it yet
	wakes    int       // wakes that a step may still report
	told     bool      // stepped for drain
	again    bool
}

// addHandler starts a handler for f once the loop runs.
func (w *world) addHandler(p *place, f *file, echo bool) {
	h := &handler{w: w, at: p, name: w.name("handler"), file: f, echo: echo}
	w.actors = append(w.actors, h)
	w.conns = append(w.conns, &conn{w: w, at: p, file: f, closed: true}) // the environment makes it ready but does not close it
	var task sched.Handler = h
	if w.seams.Handler != nil {
		task = w.seams.Handler(h)
	}
	err := p.loop.Post(func() {
		defer w.calling(p, h)()
		var err error
		h.task, err = p.loop.StartHandler(f.handle, task)
		if err != nil {
			h.ended = true
			p.queue.shut(f)
			return
		}
		w.count("handler", 1)
		h.mine = p.queue.registrationOf(f)
		w.enter(h)
	})
	if err != nil {
		h.ended = true
		p.queue.shut(f)
		if !w.mayRefuse(err) {
			w.fail("Post: %v", err)
		}
	}
}

func (h *handler) over() bool              { return h.ended }
func (h *handler) where() (*place, uint64) { return h.at, 0 }
func (h *handler) String() string          { return fmt.Sprintf("%s (handle %v)", h.name, h.file.handle) }

func (h *handler) until() time.Time {
	if h.waiting {
		return h.deadline
	}
	return time.Time{}
}

func (h *handler) lost(w *world) string {
	switch {
	case !h.waiting:
		return ""
	case h.woken:
		return "it was woken"
	case w.draining && !w.canceled && !h.told:
		return "the loop drains"
	case w.canceled:
		return "the loop is canceled"
	case h.file.ready()&h.want != 0:
		return fmt.Sprintf("it is ready for %v (%v)", h.want, h.file)
	}
	return ""
}

// ready implements starter.
func (h *handler) ready() string {
	switch {
	case h.task.Loop() != nil && h.count == 0:
		return "it was started"
	case h.again:
		return "it yielded"
	}
	return ""
}

// Step implements sched.Handler.
func (h *handler) Step(_ sched.HandlerTask, c sched.Cause) sched.Next {
	w := h.w
	h.last, h.waiting, h.deadline = h.deadline, false, time.Time{}
	w.trace("%v steps: %v", h, c)
	h.judge(c)
	h.count++
	w.point(h)
	for left := 1 + w.random(3); h.work(); left-- {
		if left == 0 {
			h.again = true
			return sched.Again()
		}
		w.point(h)
	}
	if h.file.ended && h.file.tokens == 0 {
		return sched.Done(nil)
	}
	w.point(h)
	h.want = queue.Readable
	if !h.echo && w.oneIn(3) {
		h.want = queue.Both
		if h.file.room > 0 {
			h.again = true
			return sched.Again()
		}
	}
	next := sched.WaitFor(h.want)
	if d := time.Hour; h.echo || w.oneIn(2) {
		if !h.echo {
			d = w.someTime()
		}
		h.deadline = time.Now().Add(d)
		next = next.Within(d)
	}
	h.waiting = true
	return next
}

// work reads or writes once.
func (h *handler) work() bool {
	f := h.file
	switch {
	case f.tokens > 0:
		h.at.queue.change(f, queue.None, func() { f.tokens-- })
		if h.echo {
			h.w.send(h.at, f)
		}
		return true
	case f.room > 0 && !f.ended && h.w.oneIn(2):
		h.at.queue.change(f, queue.None, func() { f.room-- })
		return true
	}
	return false
}

func (h *handler) judge(c sched.Cause) {
	w := h.w
	switch c {
	case sched.Started:
		if h.count > 0 {
			w.fail("%v was started again", h)
		}
	case sched.Ready:
		// The step may have been for either direction or for both.
		for d := range h.mine.credit {
			if h.mine.credit[d] > 0 {
				h.mine.credit[d]--
				return
			}
		}
		w.fail("%v was stepped as ready without an event", h)
	case sched.Expired:
		if h.last.IsZero() || time.Now().Before(h.last) {
			w.fail("%v expired %v early", h, time.Until(h.last))
		}
	case sched.Woken:
		if h.wakes == 0 {
			w.fail("%v was stepped as woken without a Wake", h)
		}
		h.woken = false
		h.wakes--
	case sched.Draining:
		if !w.draining || h.told {
			w.fail("%v was stepped for drain: draining %v, stepped for it before %v", h, w.draining, h.told)
		}
		h.told = true
	case sched.Resumed:
		if !h.again {
			w.fail("%v was stepped as resumed without Again", h)
		}
		h.again = false
	}
}

// End implements sched.Handler.
func (h *handler) End(err error) {
	h.w.trace("%v ends: %v", h, err)
	if h.ended {
		h.w.fail("%v ended twice", h)
	}
	h.ended, h.waiting = true, false
	h.at.queue.shut(h.file)
	h.w.enter(h)
}
