package memory

import "github.com/edgewise-go/edgewise/bufstrategy/internal/budget"

// Refusal is the last request of a buffer for memory, if a Budget refused it. LastRefusal of
// package bufstrategy returns it. The zero Refusal is that of a buffer that no Budget refused.
type Refusal budget.Refusal

// Waiter is the place in the queue of a Budget of one buffer that was refused memory. The caller
// owns it and may embed it in a connection, so that waiting allocates nothing. It must not be
// copied, or used with two budgets, while it waits or has its turn.
type Waiter struct {
	// Ready is called once for each Enqueue, when the refused memory has become free. It is then
	// the waiter's turn to retry. The caller sets Ready before the first Enqueue.
	//
	// Ready runs on a goroutine that gave memory back, inside a call of some buffer, or inside an
	// Enqueue or Cancel. It should only post to the loop that owns the waiter, and return. It may
	// call any method of the budget except Enqueue, but none of any Buffer, Pool or Scratch.
	Ready func()

	place budget.Place
}

// Enqueue queues w for the buffer of r until Ready is called or Cancel ends the wait.
// No wake-up is lost between the refusal and the Enqueue: if the memory has become free meanwhile,
// Ready is called at once.
//
// Enqueue reports false, and queues nothing, if g did not refuse r, for example because the bound
// of a Pool did. The caller then retries on a timer.
//
// Waiters are notified in the order of their Enqueue. A waiter that would be refused again does not
// hold up those after it. A notified waiter has a turn: the budget sets aside the number of bytes
// that it was refused, and notifies no other waiter for them. The next Enqueue or Cancel of w ends
// the turn. One of them must follow, whether or not the retry got memory: what was not taken goes
// to the next waiter. A turn is an order of retries, not a reservation. A caller that tries without
// having waited may come first.
//
// Memory that the buffer itself gives back by a Discard need not notify w. After a Discard the
// caller retries without waiting.
//
// Enqueue of a queued waiter keeps its place. The caller calls Enqueue on the goroutine of the
// buffer, and not from Ready.
func (g *Budget) Enqueue(w *Waiter, r Refusal) bool {
	if w.Ready == nil {
		panic("memory: Budget.Enqueue: Waiter without Ready")
	}
	return g.impl().Enqueue(&w.place, w.Ready, budget.Refusal(r))
}

// Cancel ends the wait or the turn of w. It reports true if Ready has not been called since the
// last Enqueue, and will not be. It reports false if Ready was called or is about to be called on
// another goroutine, or if there was no Enqueue. It is safe to call at any time.
func (g *Budget) Cancel(w *Waiter) bool { return g.impl().Cancel(&w.place) }
