package idle

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// memoryQueue is an event queue in memory only. It reports nothing, and its Wait returns when it is
// woken. A loop over it can have any number of registrations.
type memoryQueue struct {
	wakes  chan struct{}
	closed chan struct{}
}

func newMemoryQueue() *memoryQueue {
	return &memoryQueue{wakes: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (q *memoryQueue) Add(sys.Handle, queue.Registration) error    { return nil }
func (q *memoryQueue) Modify(sys.Handle, queue.Registration) error { return nil }
func (q *memoryQueue) Delete(sys.Handle) error                     { return nil }
func (q *memoryQueue) WouldBlock(sys.Handle, queue.Interest) error { return nil }

func (q *memoryQueue) Wait(_ []queue.Event, timeout time.Duration) (int, error) {
	if timeout == 0 {
		return 0, nil
	}
	var late <-chan time.Time
	if timeout > 0 {
		late = time.After(timeout)
	}
	select {
	case <-q.wakes:
	case <-late:
	case <-q.closed:
		return 0, queue.ErrClosed
	}
	return 0, nil
}

func (q *memoryQueue) Wake() error {
	select {
	case q.wakes <- struct{}{}:
	default: // one is enough
	}
	return nil
}

func (q *memoryQueue) Features() queue.Features {
	return queue.Features{Mechanism: "memory", Waker: "channel", NativeEdge: true}
}

func (q *memoryQueue) Close() error {
	close(q.closed)
	return nil
}

// idleHandler is a waiting connection with the minimum that a program remembers of it: its handle.
type idleHandler struct{ h sys.Handle }

func (h *idleHandler) Step(_ sched.HandlerTask, cause sched.Cause) sched.Next {
	if cause == sched.Draining {
		return sched.Done(nil)
	}
	return sched.WaitFor(queue.Readable)
}

func (h *idleHandler) End(error) {}

// registrationsAtOnce is the number of handlers that a turn of the loop starts.
const registrationsAtOnce = 1000

// registrations prints the memory of n waiting handlers, and what a garbage collection of them
// takes.
func registrations(w io.Writer, n int) error {
	before := memory.HeapLive()
	_, without := collect()
	loop := sched.New(newMemoryQueue(), sched.Options{Mode: queue.Edge, MaxTasks: n})
	failed := make(chan error, 1)
	ready := make(chan struct{})
	// Handlers start in batches, as connections arrive. A batch has started before the next one
	// comes.
	var come func(from int) error
	come = func(from int) error {
		return loop.Post(func() {
			if from == n {
				close(ready)
				return
			}
			to := min(n, from+registrationsAtOnce)
			for i := from; i < to; i++ {
				h := &idleHandler{h: sys.Handle(i)}
				if _, err := loop.StartHandler(h.h, h); err != nil {
					failed <- err
					return
				}
			}
			if err := come(to); err != nil {
				failed <- err
			}
		})
	}
	if err := come(0); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(context.Background()) }()
	select {
	case <-ready:
	case err := <-failed:
		return err
	}
	size := int(memory.HeapLive() - before)
	wall, mark := collect()
	loop.Drain()
	if err := <-ended; err != nil {
		return err
	}
	fmt.Fprintf(w, "idle: %d handlers on a queue in memory, of %d B each including their own: garbage collection marks for %.1f ms of processor time, in %.1f ms (%.1f ms without them)\n",
		n, size/n, float64(mark.Microseconds())/1e3, float64(wall.Microseconds())/1e3, float64(without.Microseconds())/1e3)
	return nil
}

// collections is the number of garbage collections. On a busy machine the fastest one is the most
// informative.
const collections = 5

// collect collects garbage. It returns the minimum duration and the minimum processor time spent
// marking: by dedicated workers, by idle workers and by assists.
func collect() (wall, mark time.Duration) {
	for i := range collections {
		began, before := time.Now(), markTime()
		runtime.GC()
		took, marked := time.Since(began), markTime()-before
		if i == 0 || took < wall {
			wall = took
		}
		if i == 0 || marked < mark {
			mark = marked
		}
	}
	return wall, mark
}

func markTime() time.Duration {
	samples := []metrics.Sample{
		{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"},
	}
	metrics.Read(samples)
	total := 0.0
	for _, s := range samples {
		total += s.Value.Float64()
	}
	return time.Duration(total * float64(time.Second))
}
