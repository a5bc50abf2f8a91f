package budget

// Lack is the last refusal of a buffer: the bytes that the buffer held, and the bytes that it
// wanted. More is zero if the last request was granted, or refused by the bound of the Pool.
type Lack struct{ Held, More int }

// Refusal is a Lack and the Budget that refused.
type Refusal struct {
	By *Budget
	Lack
}

// Place is the place of a waiter in the queue of a Budget. The zero Place is ready for use.
type Place struct {
	state      waiterState
	ready      func()
	held, more int64 // of the buffer, at the refusal
	prev, next *Place
}

type waiterState uint8

const (
	waiterIdle waiterState = iota
	waiterQueued
	waiterTold // it has its turn
)

// Enqueue queues w until ready is called or Cancel ends the wait, as memory.Budget.Enqueue
// describes.
func (g *Budget) Enqueue(w *Place, ready func(), r Refusal) bool {
	if r.By != g || r.More == 0 {
		g.Cancel(w)
		return false
	}
	g.mu.Lock()
	g.endTurn(w)
	w.ready, w.held, w.more = ready, int64(r.Held), int64(r.More)
	if w.state == waiterIdle {
		w.state = waiterQueued
		g.enqueue(w)
	}
	g.least.Store(min(g.least.Load(), w.needs()))
	g.mu.Unlock()
	g.Settle()
	return true
}

// Cancel ends the wait or the turn of w, as memory.Budget.Cancel describes.
func (g *Budget) Cancel(w *Place) bool {
	g.mu.Lock()
	queued := w.state == waiterQueued
	if queued {
		g.dequeue(w)
		w.state = waiterIdle
	}
	g.endTurn(w)
	g.mu.Unlock()
	g.Settle()
	return queued
}

func (w *Place) needs() int64 { return needs(w.held, w.more) }

// endTurn gives up the bytes promised to w. The lock is held.
func (g *Budget) endTurn(w *Place) {
	if w.state == waiterTold {
		g.promised.Add(-w.more)
		w.state = waiterIdle
	}
}

// nextWaiter removes the first waiter that fits from the queue and gives it its turn. It returns
// nil if none fits. The lock is held.
func (g *Budget) nextWaiter() *Place {
	free := g.free()
	if free < g.least.Load() {
		return nil
	}
	least := int64(wantNothing)
	for w := g.first; w != nil; w = w.next {
		if fits(w.held, w.more, free) {
			// least stays as it is, at most too low: the next turn checks again.
			g.dequeue(w)
			w.state = waiterTold
			g.promised.Add(w.more)
			return w
		}
		least = min(least, w.needs())
	}
	g.least.Store(least)
	return nil
}

func (g *Budget) enqueue(w *Place) {
	w.prev = g.last
	if g.last == nil {
		g.first = w
	} else {
		g.last.next = w
	}
	g.last = w
	g.waiting++
}

func (g *Budget) dequeue(w *Place) {
	if w.prev == nil {
		g.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		g.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	g.waiting--
	if g.waiting == 0 {
		g.least.Store(wantNothing)
	}
}
