package completion

import (
	"math"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// timers is a heap of the operations of kind OpTimeout by their ends. Each operation knows its
// position, so that Cancel removes it in logarithmic time.
type timers struct {
	heap []timer
}

type timer struct {
	at   time.Duration // since adapter.born
	slot int32         // in the table of operations
}

func (t *timers) len() int             { return len(t.heap) }
func (t *timers) first() time.Duration { return t.heap[0].at }

// expire completes the operations whose time has come.
func (q *adapter) expire() {
	if q.timers.len() == 0 {
		return
	}
	for now := q.now(); q.timers.len() > 0 && q.timers.first() <= now; {
		id, _ := q.flights.At(int(q.timers.heap[0].slot))
		q.unschedule(0)
		q.finish(id, outcome{})
	}
}

// schedule begins a timeout.
func (q *adapter) schedule(id queue.OpID, x *operation) {
	now := q.now()
	q.timers.heap = append(q.timers.heap, timer{at: now + min(x.op.After, math.MaxInt64-now), slot: slotOf(id)})
	last := q.timers.len() - 1
	q.place(last)
	q.up(last)
	if x.position == 0 {
		q.period++
		q.watchers = 0
	}
}

// unschedule removes the timer at a position.
func (q *adapter) unschedule(at int) {
	h := q.timers.heap
	last := len(h) - 1
	h[at] = h[last]
	q.timers.heap = h[:last]
	if at < last {
		q.place(at)
		q.up(at)
		q.down(at)
	}
}

func (q *adapter) up(i int) {
	h := q.timers.heap
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q *adapter) down(i int) {
	h := q.timers.heap
	for {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if child >= len(h) || h[i].at <= h[child].at {
			return
		}
		q.swap(i, child)
		i = child
	}
}

func (q *adapter) swap(i, j int) {
	h := q.timers.heap
	h[i], h[j] = h[j], h[i]
	q.place(i)
	q.place(j)
}

// place tells the operation of a timer its position.
func (q *adapter) place(i int) {
	_, o := q.flights.At(int(q.timers.heap[i].slot))
	o.Extra.position = int32(i)
}
