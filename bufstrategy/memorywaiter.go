package bufstrategy

// MemoryWaiter is the place in the queue of a MemoryBudget of one buffer that was refused memory.
// The caller owns it and may embed it in a connection, so that waiting allocates nothing. It must
// not be copied, or used with two budgets, while it waits or has its turn.
type MemoryWaiter struct {
	// Ready is called once for each Enqueue, when the refused memory has become free. It is then
	// the waiter's turn to retry. The caller sets Ready before the first Enqueue.
	//
	// Ready runs on a goroutine that gave memory back, inside a call of some buffer, or inside an
	// Enqueue or Cancel. It should only post to the loop that owns the waiter, and return. It may
	// call any method of the budget except Enqueue, but none of any Buffer, Pool or Scratch.
	Ready func()

	state      waiterState
	held, more int64 // of the buffer, at the refusal
	prev, next *MemoryWaiter
}

type waiterState uint8

const (
	waiterIdle waiterState = iota
	waiterQueued
	waiterTold // it has its turn
)

// lack records the last refusal of a buffer by its budget: the bytes that the buffer held, and the
// bytes that it wanted. more is zero if the last request was granted, or refused by the bound of
// the Pool.
type lack struct{ held, more int }

// lackOf returns the lack of a buffer that held held bytes and asked for n, if its budget refused.
// b and fresh are the results of take.
func lackOf(b *block, fresh bool, held, n int) lack {
	if b != nil || !fresh {
		return lack{}
	}
	return lack{held, powerOfTwo(max(n, blockMin))}
}

// budgeted is a Buffer that reports its last refusal, and the budget that refused.
type budgeted interface {
	lacks() (*MemoryBudget, lack)
}

// Enqueue queues w for b, which was refused memory, until Ready is called or Cancel ends the wait.
// No wake-up is lost between the refusal and the Enqueue: if the memory has become free meanwhile,
// Ready is called at once.
//
// Enqueue reports false, and queues nothing, if g did not refuse the last request of b, for example
// because the bound of its Pool did. It also reports false if b is not a buffer of this package. In
// both cases the caller retries on a timer.
//
// Waiters are notified in the order of their Enqueue. A waiter that would be refused again does not
// hold up those after it. A notified waiter has a turn: the budget sets aside the number of bytes
// that it was refused, and notifies no other waiter for them. The next Enqueue or Cancel of w ends
// the turn. One of them must follow, whether or not the retry got memory: what was not taken goes
// to the next waiter. A turn is an order of retries, not a reservation. A caller that tries without
// having waited may come first.
//
// Memory that b itself gives back by a Discard need not notify w. After a Discard the caller
// retries without waiting.
//
// Enqueue of a queued waiter keeps its place. The caller calls Enqueue on the goroutine of b, and
// not from Ready.
func (g *MemoryBudget) Enqueue(w *MemoryWaiter, b Buffer) bool {
	if w.Ready == nil {
		panic("bufstrategy: MemoryBudget.Enqueue: MemoryWaiter without Ready")
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

// Cancel ends the wait or the turn of w. It reports true if Ready has not been called since the
// last Enqueue, and will not be. It reports false if Ready was called or is about to be called on
// another goroutine, or if there was no Enqueue. It is safe to call at any time.
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

// endTurn gives up the bytes promised to w. The lock is held.
func (g *MemoryBudget) endTurn(w *MemoryWaiter) {
	if w.state == waiterTold {
		g.promised.Add(-w.more)
		w.state = waiterIdle
	}
}

// nextWaiter removes the first waiter that fits from the queue and gives it its turn. It returns
// nil if none fits. The lock is held.
func (g *MemoryBudget) nextWaiter() *MemoryWaiter {
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
