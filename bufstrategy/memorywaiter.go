package bufstrategy

// MemoryWaiter is a place in the queue of a MemoryBudget for one buffer that was refused memory.
// The caller owns it, and it may be a field of a connection: to wait allocates nothing. It must not
// be copied, nor used with two budgets, while it waits or has its turn.
type MemoryWaiter struct {
	// Ready is called once for each Enqueue, when the memory that was refused has come to be free:
	// then it is the waiter's turn to try again. Set it before the first Enqueue.
	//
	// It runs on a goroutine that gave memory back, in the middle of a call of some buffer, or in
	// an Enqueue or Cancel: it posts to the loop that owns the waiter, and returns. It may call any
	// method of the budget save Enqueue, and none of any Buffer, Pool or Scratch.
	Ready func()

	state      waiterState
	held, more int64 // of the buffer, when it was refused
	prev, next *MemoryWaiter
}

type waiterState uint8

const (
	waiterIdle waiterState = iota
	waiterQueued
	waiterTold // it has its turn
)

// lack is what a buffer was refused by its budget when it asked last: what it held, and how many
// bytes it wanted. More is zero when it was refused nothing, or by the bound of its Pool.
type lack struct{ held, more int }

// lackOf is what memory did not lend to a buffer that held held and asked for n, if that was for
// the budget's sake.
func lackOf(b *block, fresh bool, held, n int) lack {
	if b != nil || !fresh {
		return lack{}
	}
	return lack{held, powerOfTwo(max(n, blockMin))}
}

// budgeted is a Buffer that says what it was refused last, and by which budget.
type budgeted interface {
	lacks() (*MemoryBudget, lack)
}

// Enqueue queues w for b, which was refused memory, until Ready is called, or Cancel. No wake-up is
// lost between the refusal and the Enqueue: where the memory is free meanwhile, Ready is called at
// once. It reports false, and queues nothing, if what b was refused last was not refused by g, but
// by the bound of its Pool, or if b is not a buffer of this package: then try again on a timer.
//
// Waiters are told in the order of their Enqueue, save that one which would be refused again does
// not hold up those behind it. Who has been told has a turn: as many bytes as it was refused are
// kept in mind for it, and no other waiter is told for their sake. A turn ends by the next Enqueue
// or Cancel of w, and one of them must follow, whether trying again got memory or not: what was not
// taken goes to the next in the queue. The turn is an order of trying, not a reservation: who tries
// without having waited may come before.
//
// What b gives back itself by a Discard need not have w told: after a Discard the caller tries
// again without waiting.
//
// Enqueue of a waiter that is queued keeps its place. It is called where b may be used, on b's
// goroutine, and not by Ready.
func (g *MemoryBudget) Enqueue(w *MemoryWaiter, b Buffer) bool {
	if w.Ready == nil {
		panic("bufstrategy: Enqueue of a MemoryWaiter without Ready")
	}
	r, ok := b.(budgeted)
	if !ok {
		return false
	}
	of, l := r.lacks()
	if of != g || l.more == 0 {
		g.Cancel(w)
		return false
	}
	g.mu.Lock()
	g.endTurn(w)
	w.held, w.more = int64(l.held), int64(l.more)
	if w.state == waiterIdle {
		w.state = waiterQueued
		g.enqueue(w)
	}
	g.least.Store(min(g.least.Load(), w.needs()))
	g.mu.Unlock()
	g.settle()
	return true
}

// Cancel ends the wait of w, or its turn. It reports true if Ready has not been called since the
// last Enqueue, and will not be. With false Ready has been called, or is about to be on another
// goroutine, or there was no Enqueue. It may be called at any time.
func (g *MemoryBudget) Cancel(w *MemoryWaiter) bool {
	g.mu.Lock()
	queued := w.state == waiterQueued
	if queued {
		g.dequeue(w)
		w.state = waiterIdle
	}
	g.endTurn(w)
	g.mu.Unlock()
	g.settle()
	return queued
}

func (w *MemoryWaiter) needs() int64 { return needs(w.held, w.more) }

// endTurn gives up what was promised to w. The lock is held.
func (g *MemoryBudget) endTurn(w *MemoryWaiter) {
	if w.state == waiterTold {
		g.promised.Add(-w.more)
		w.state = waiterIdle
	}
}

// nextWaiter takes the first waiter that fits out of the queue and gives it its turn; nil if none
// fits. The lock is held.
func (g *MemoryBudget) nextWaiter() *MemoryWaiter {
	free := g.free()
	if free < g.least.Load() {
		return nil
	}
	least := int64(wantNothing)
	for w := g.first; w != nil; w = w.next {
		if fits(w.held, w.more, free) {
			// least stays as it was, at most too low: the next turn looks again.
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

func (g *MemoryBudget) enqueue(w *MemoryWaiter) {
	w.prev = g.last
	if g.last == nil {
		g.first = w
	} else {
		g.last.next = w
	}
	g.last = w
	g.waiting++
}

func (g *MemoryBudget) dequeue(w *MemoryWaiter) {
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
