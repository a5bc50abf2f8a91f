package schedexplore

import (
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// file is an open handle: what can be read from it and how much can be written to it.
type file struct {
	handle sys.Handle
	tokens int   // tokens that can be read
	room   int   // tokens that can be written
	ended  bool  // reads return the end after the last token
	peer   *file // receives what is written here; may be nil
}

func (f *file) String() string {
	return fmt.Sprintf("handle %v: %d tokens, room for %d, ended %v", f.handle, f.tokens, f.room, f.ended)
}

func (f *file) ready() queue.Interest {
	var i queue.Interest
	if f.tokens > 0 || f.ended {
		i |= queue.Readable
	}
	if f.room > 0 || f.ended {
		i |= queue.Writable
	}
	return i
}

// registration is a file in the queue.
type registration struct {
	file       *file
	token      queue.Token
	interest   queue.Interest
	mode       queue.Mode
	generation int            // counts changes
	armed      queue.Interest // in mode OneShot
	edges      queue.Interest // in mode Edge: directions to be reported
	heard      queue.Interest // in mode Edge without native edges: directions in which an arrival is an edge
	credit     [2]int         // per direction, reported events that have not ended a wait yet
}

// virtualQueue is a queue.Queue that keeps the contract and lets the environment act in its calls.
type virtualQueue struct {
	w      *world
	place  *place
	native bool
	first  sys.Handle // the queue has handlesMax handle numbers, from this one

	mu     sync.Mutex // guards all fields below
	files  map[sys.Handle]*file
	regs   map[sys.Handle]*registration
	woken  bool
	closed bool
}

func newVirtualQueue(w *world, p *place, native bool) *virtualQueue {
	q := &virtualQueue{w: w, place: p, native: native, files: map[sys.Handle]*file{}, regs: map[sys.Handle]*registration{}}
	q.first = 3
	for i, other := range w.places {
		if other == p {
			q.first += sys.Handle(i * handlesMax)
		}
	}
	return q
}

func (q *virtualQueue) Features() queue.Features {
	return queue.Features{Mechanism: "virtual", Waker: "virtual", NativeEdge: q.native, NativeOneShot: true}
}

// open returns a new file. It reuses the most recently closed number, if any.
func (q *virtualQueue) open() *file {
	q.mu.Lock()
	defer q.mu.Unlock()
	for h := q.first; ; h++ {
		if q.files[h] == nil {
			f := &file{handle: h}
			q.files[h] = f
			return f
		}
	}
}

// shut closes the file. Its registration must have ended.
func (q *virtualQueue) shut(f *file) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.regs[f.handle]; r != nil && r.file == f && !q.closed {
		q.w.fail("handle %v is closed while it is registered", f.handle)
	}
	delete(q.files, f.handle)
}

func (q *virtualQueue) registrationOf(f *file) *registration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.regs[f.handle]
}

// tokenOf returns the token of the registration of h, if any.
func (q *virtualQueue) tokenOf(h sys.Handle) (queue.Token, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.regs[h]; r != nil {
		return r.token, true
	}
	return 0, false
}

// unseen returns the directions in which h is ready if its interest is about to change.
func (q *virtualQueue) unseen(h sys.Handle, interest queue.Interest) queue.Interest {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.regs[h]; r != nil && r.interest != interest {
		return r.file.ready()
	}
	return queue.None
}

// change changes f and counts its readiness as an arrival in the directions of d.
func (q *virtualQueue) change(f *file, d queue.Interest, how func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	how()
	r := q.regs[f.handle]
	if r == nil || r.file != f || r.mode != queue.Edge {
		return
	}
	if q.native {
		r.edges |= d & r.interest
	} else {
		r.edges |= d & r.interest & r.heard
	}
}

func (q *virtualQueue) Add(h sys.Handle, r queue.Registration) error {
	q.w.withinCall("Add")
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return fmt.Errorf("add: %w", queue.ErrClosed)
	case q.files[h] == nil:
		return fmt.Errorf("add: handle %v is not open", h)
	case q.regs[h] != nil:
		return fmt.Errorf("add: %w", queue.ErrExists)
	}
	q.regs[h] = &registration{file: q.files[h]}
	q.regs[h].register(r)
	return nil
}

func (r *registration) register(n queue.Registration) {
	r.token, r.interest, r.mode = n.Token, n.Interest, n.Mode
	r.generation++
	r.armed, r.heard, r.edges = n.Interest, n.Interest, n.Interest&r.file.ready()
}

func (q *virtualQueue) Modify(h sys.Handle, n queue.Registration) error {
	q.w.withinCall("Modify")
	defer q.w.withinCall("Modify's end")
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.regs[h]
	switch {
	case q.closed:
		return fmt.Errorf("modify: %w", queue.ErrClosed)
	case r == nil:
		return fmt.Errorf("modify: %w", queue.ErrNotFound)
	}
	r.register(n)
	return nil
}

func (q *virtualQueue) Delete(h sys.Handle) error {
	q.w.withinCall("Delete")
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return fmt.Errorf("delete: %w", queue.ErrClosed)
	case q.regs[h] == nil:
		return fmt.Errorf("delete: %w", queue.ErrNotFound)
	}
	q.regs[h].generation++
	delete(q.regs, h)
	return nil
}

func (q *virtualQueue) WouldBlock(h sys.Handle, d queue.Interest) error {
	q.w.withinCall("WouldBlock")
	defer q.w.withinCall("WouldBlock's end")
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.regs[h]
	switch {
	case q.closed:
		return fmt.Errorf("would block: %w", queue.ErrClosed)
	case r == nil:
		return fmt.Errorf("would block: %w", queue.ErrNotFound)
	}
	r.heard |= d
	r.edges |= d & r.interest & r.file.ready()
	return nil
}

func (q *virtualQueue) Wake() error {
	q.w.crew.beforeWake(q.place)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return queue.ErrClosed
	}
	q.woken = true
	return nil
}

func (q *virtualQueue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return queue.ErrClosed
	}
	q.closed = true
	return nil
}

// Wait lets the environment act before it looks, after it has looked, and while it blocks.
func (q *virtualQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	if err := q.w.beforeWait(q.place); err != nil {
		return 0, err
	}
	for {
		woken := q.takeWake()
		if n := q.take(events); n > 0 || woken || timeout == 0 {
			return n, nil
		}
		left := time.Duration(-1)
		if timeout > 0 {
			if left = time.Until(deadline); left <= 0 {
				return 0, nil
			}
		}
		if err := q.w.blocked(q.place, left); err != nil {
			return 0, err
		}
	}
}

func (q *virtualQueue) takeWake() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	woken := q.woken
	q.woken = false
	return woken
}

// report is an event that was taken and not yet returned.
type report struct {
	registration *registration
	generation   int
	event        queue.Event
}

// take takes events. The environment acts between taking and returning them.
func (q *virtualQueue) take(events []queue.Event) int {
	reports := q.reports(len(events))
	if len(reports) == 0 {
		return 0
	}
	q.w.looked(q.place)
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, r := range reports {
		if r.registration.generation != r.generation && q.w.oneIn(2) {
			continue // a queue may drop the event or return it to the previous owner
		}
		for d := range r.registration.credit {
			if r.event.Ready.Directions().Has(interests[d]) {
				r.registration.credit[d]++
			}
		}
		q.w.trace("the queue reports %v of %v", r.event.Ready.Directions(), r.registration.file)
		events[n] = r.event
		n++
	}
	return n
}

var interests = [2]queue.Interest{queue.Readable, queue.Writable}

// reports takes some of the reports that are due, at least one, and now and then a spurious one.
func (q *virtualQueue) reports(room int) []report {
	q.mu.Lock()
	defer q.mu.Unlock()
	var rs []report
	for h := q.first; h < q.first+handlesMax; h++ {
		r := q.regs[h]
		if r == nil || len(rs)+2 > room {
			continue
		}
		due := r.due()
		switch {
		case due != queue.None && len(rs) > 0 && q.w.oneIn(4):
			continue // the rest comes next time
		case due == queue.None && q.w.busy() && q.w.oneIn(16):
			due = r.watched() & interests[q.w.random(2)]
		}
		if due == queue.None {
			continue
		}
		if due == queue.Both && q.w.oneIn(3) {
			rs = append(rs, r.report(queue.Writable))
			due = queue.Readable
		}
		rs = append(rs, r.report(due))
	}
	q.w.shuffle(len(rs), func(i, j int) { rs[i], rs[j] = rs[j], rs[i] })
	return rs
}

// due returns the directions of which the queue must report at least one.
func (r *registration) due() queue.Interest {
	switch ready := r.file.ready(); r.mode {
	case queue.Edge:
		r.edges &= ready // the kernel also looks again
		return r.edges
	default:
		return r.watched() & ready
	}
}

// watched returns the directions that may be reported.
func (r *registration) watched() queue.Interest {
	if r.mode == queue.OneShot {
		return r.armed
	}
	return r.interest
}

func (r *registration) report(d queue.Interest) report {
	e := queue.Event{Token: r.token, Ready: queue.Ready(d)}
	if r.file.ended {
		e.Ready |= queue.ReadyPeerShut
	}
	switch r.mode {
	case queue.OneShot:
		r.armed &^= d
		e.Disarmed = d
	case queue.Edge:
		r.edges &^= d
		r.heard &^= d
	}
	return report{r, r.generation, e}
}
