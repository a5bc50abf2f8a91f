package schedexplore

import (
	"fmt"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// place is a loop and its surroundings.
type place struct {
	loop    *sched.Loop
	queue   *virtualQueue
	waits   int
	looking atomic.Bool // the loop is in Wait, and the queue has not looked yet
	posts   []int       // functions that have not run
	calls   bool        // a posted function is running
	thread  uint64      // the last thread in Wait
}

// String names the queue.
func (p *place) String() string { return fmt.Sprintf("the queue of handles from %v", p.queue.first) }

// somewhere returns a random place.
func (w *world) somewhere() *place {
	if len(w.places) == 1 {
		return w.places[0]
	}
	return w.places[w.random(len(w.places))]
}

// newQueue returns the queue of p.
func (w *world) newQueue(p *place) queue.Queue {
	p.queue = newVirtualQueue(w, p, w.native)
	if w.seams.Queue != nil {
		return w.seams.Queue(p.queue)
	}
	return p.queue
}
