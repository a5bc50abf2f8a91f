package schedexplore

import (
	"context"
	"errors"
	"flag"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// within is the number of interleavings in which a mutant must be found.
var within = flag.Int("within", 3_000, "how many interleavings to try per mutant")

// A mutant keeps every rule but one. It is made anew for each interleaving.
type mutant struct {
	name string
	make func() Seams
}

var mutants = []mutant{
	{"loses one event in 6", func() Seams {
		var events atomic.Int64
		return queueSeam(func(q *oddQueue) {
			q.keep = func(*queue.Event) bool { return events.Add(1)%6 != 0 }
		})
	}},
	{"loses one wake in 4", func() Seams {
		var wakes atomic.Int64
		return queueSeam(func(q *oddQueue) {
			q.wake = func() error {
				if wakes.Add(1)%4 == 0 {
					return nil
				}
				return q.Queue.Wake()
			}
		})
	}},
	{"sleeps too late to hear a wake before it looks", func() Seams {
		return queueSeam(func(q *oddQueue) {
			q.wake = func() error {
				if q.virtual().place.looking.Load() {
					return nil
				}
				return q.Queue.Wake()
			}
		})
	}},
	{"does not look again when interest is changed", func() Seams {
		return queueSeam(func(q *oddQueue) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				r.Interest &^= q.virtual().unseen(h, r.Interest)
				return q.Queue.Modify(h, r)
			}
		})
	}},
	{"changes interest one call too late", func() Seams {
		return queueSeam(func(q *oddQueue) {
			var late func()
			q.modify = func(h sys.Handle, r queue.Registration) error {
				if late != nil {
					late()
				}
				late = func() { _ = q.Queue.Modify(h, r) }
				return nil
			}
		})
	}},
	{"forgets one direction of an event", func() Seams {
		return queueSeam(func(q *oddQueue) {
			q.keep = func(e *queue.Event) bool {
				if e.Ready.Directions() == queue.Both {
					e.Ready &^= queue.Ready(queue.Writable)
				}
				return true
			}
		})
	}},
	{"takes the successor of a handle for the handle", func() Seams {
		return queueSeam(func(q *oddQueue) {
			ended := map[uint32]bool{}
			q.add = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				if ended[uint32(r.Token)] {
					q.extra = append(q.extra, queue.Event{Token: r.Token, Ready: queue.Ready(queue.Readable)})
				}
				q.mu.Unlock()
				return q.Queue.Add(h, r)
			}
			q.del = func(h sys.Handle) error {
				if t, ok := q.virtual().tokenOf(h); ok {
					q.mu.Lock()
					ended[uint32(t)] = true
					q.mu.Unlock()
				}
				return q.Queue.Delete(h)
			}
		})
	}},
	{"does not say that a would-block was seen", func() Seams {
		return queueSeam(func(q *oddQueue) { q.wouldBlock = func(sys.Handle, queue.Interest) error { return nil } })
	}},
	{"sleeps a microsecond longer", func() Seams {
		return queueSeam(func(q *oddQueue) { q.longer = time.Microsecond })
	}},
	{"interrupts only who waits", func() Seams {
		return waiterSeam(func(o *oddSource) {
			o.interrupt = func(d sys.Direction) {
				if o.waiting[d].Load() {
					o.Source.Interrupt(d)
				}
			}
		})
	}},
	{"loses one interrupt in 3", func() Seams {
		var interrupts atomic.Int64
		return waiterSeam(func(o *oddSource) {
			o.interrupt = func(d sys.Direction) {
				if interrupts.Add(1)%3 != 0 {
					o.Source.Interrupt(d)
				}
			}
		})
	}},
	{"cuts deadlines to microseconds", func() Seams {
		return waiterSeam(func(o *oddSource) {
			o.wait = func(d sys.Direction, deadline time.Time) error {
				return o.Source.Wait(d, deadline.Truncate(time.Microsecond))
			}
		})
	}},
	{"takes a deadline that is near for none", func() Seams {
		return waiterSeam(func(o *oddSource) {
			o.wait = func(d sys.Direction, deadline time.Time) error {
				if left := time.Until(deadline); left > 0 && left < time.Microsecond {
					deadline = time.Time{}
				}
				return o.Source.Wait(d, deadline)
			}
		})
	}},
	{"says of a deadline that it was an event", func() Seams {
		return waiterSeam(func(o *oddSource) {
			o.wait = func(d sys.Direction, deadline time.Time) error {
				if err := o.Source.Wait(d, deadline); !errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
				return nil
			}
		})
	}},
	{"ends two waits by one event", func() Seams {
		return waiterSeam(func(o *oddSource) {
			var again atomic.Bool
			o.wait = func(d sys.Direction, deadline time.Time) error {
				if again.Swap(false) {
					return nil
				}
				err := o.Source.Wait(d, deadline)
				again.Store(err == nil)
				return err
			}
		})
	}},
	{"goes on waiting when it is woken the 5th time", func() Seams {
		return waiterSeam(func(o *oddSource) {
			var waits atomic.Int64
			o.wait = func(d sys.Direction, deadline time.Time) error {
				err := o.Source.Wait(d, deadline)
				if waits.Add(1) == 5 && err == nil {
					err = o.Source.Wait(d, deadline)
				}
				return err
			}
		})
	}},
	{"does not tell of a step that is ready", func() Seams {
		return handlerSeam(func(o *oddHandler) {
			steps, last := 0, sched.Next{}
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				if steps++; c == sched.Ready && steps%4 == 0 {
					return last
				}
				last = o.Handler.Step(t, c)
				return last
			}
		})
	}},
	{"lets a time limit pass at once", func() Seams {
		return handlerSeam(func(o *oddHandler) {
			steps := 0
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				next := o.Handler.Step(t, c)
				if steps++; steps%8 == 0 {
					return next.Within(0)
				}
				return next
			}
		})
	}},
	{"wakes a handler only while it waits", func() Seams {
		return Seams{
			Wake: func(t sched.HandlerTask) {
				if h := handlers[t]; h == nil || h.waiting {
					t.Wake()
				}
			},
			Handler: func(h sched.Handler) sched.Handler { return &oddHandler{Handler: h, step: noteHandler(h.(*handler))} },
		}
	}},
	{"sleeps a nanosecond less", func() Seams {
		return Seams{Sleep: func(t *sched.Task, d time.Duration) error { return t.Sleep(max(0, d-1)) }}
	}},
	{"sleeps in whole microseconds", func() Seams {
		return Seams{Sleep: func(t *sched.Task, d time.Duration) error {
			return t.Sleep((d + time.Microsecond - 1).Truncate(time.Microsecond))
		}}
	}},
	{"hears a resumption only while it is suspended", func() Seams {
		return Seams{Suspend: func(t *sched.Task, start func(resume func())) error {
			return t.Suspend(func(resume func()) {
				var started atomic.Bool
				start(func() {
					if started.Load() {
						resume()
					}
				})
				started.Store(true)
			})
		}}
	}},
	{"counts a start that it refuses for a moment", func() Seams {
		const nobody = ^sys.Handle(0)
		seams := queueSeam(func(q *oddQueue) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				if h == nobody {
					q.virtual().w.detain()
					return queue.ErrNotPollable
				}
				return q.Queue.Add(h, r)
			}
		})
		seams.Start = func(l *sched.Loop, ctx context.Context, name string, body func(*sched.Task) error) error {
			err := l.Go(ctx, name, body)
			if errors.Is(err, sched.ErrFull) {
				// A handler that cannot be registered counts meanwhile, like a start that is
				// counted before it is refused.
				_, _ = l.StartHandler(nobody, &oddHandler{Handler: &handler{}})
			}
			return err
		}
		return seams
	}},
	{"forgets one start in 4", func() Seams {
		var starts atomic.Int64
		return Seams{Start: func(l *sched.Loop, ctx context.Context, name string, body func(*sched.Task) error) error {
			if starts.Add(1)%4 == 0 {
				return nil
			}
			return l.Go(ctx, name, body)
		}}
	}},
	{"refuses a start although there is room", func() Seams {
		return Seams{Start: func(l *sched.Loop, ctx context.Context, name string, body func(*sched.Task) error) error {
			if l.Len() > 0 {
				return sched.ErrFull
			}
			return l.Go(ctx, name, body)
		}}
	}},
	{"runs posted functions out of order", func() Seams {
		var held []func()
		return Seams{Post: func(l *sched.Loop, f func()) error {
			held = append(held, f)
			return l.Post(func() {
				last := len(held) - 1
				f := held[last]
				held = held[:last]
				f()
			})
		}}
	}},
}

// handlers holds the handlers of the current interleaving.
var handlers = map[sched.HandlerTask]*handler{}

func noteHandler(h *handler) func(t sched.HandlerTask, c sched.Cause) sched.Next {
	return func(t sched.HandlerTask, c sched.Cause) sched.Next {
		handlers[t] = h
		return h.Step(t, c)
	}
}

func TestMutantsAreFound(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			for i := range uint64(*within) {
				if f := Explore(t, 1+i, m.make(), nil); f != nil {
					t.Logf("found after %d interleavings: %v", i+1, f)
					return
				}
			}
			t.Errorf("not found in %d interleavings", *within)
		})
	}
}

func queueSeam(alter func(q *oddQueue)) Seams {
	return Seams{Queue: func(q queue.Queue) queue.Queue {
		o := &oddQueue{Queue: q}
		alter(o)
		return o
	}}
}

// oddQueue is a queue whose methods can be replaced.
type oddQueue struct {
	queue.Queue
	keep       func(e *queue.Event) bool
	wake       func() error
	add        func(h sys.Handle, r queue.Registration) error
	modify     func(h sys.Handle, r queue.Registration) error
	del        func(h sys.Handle) error
	wouldBlock func(h sys.Handle, d queue.Interest) error
	longer     time.Duration

	mu    sync.Mutex // guards extra
	extra []queue.Event
}

func (q *oddQueue) virtual() *virtualQueue { return q.Queue.(*virtualQueue) }

func (q *oddQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if timeout > 0 {
		timeout += q.longer
	}
	n, err := q.Queue.Wait(events, timeout)
	if q.keep != nil {
		kept := 0
		for _, e := range events[:n] {
			if q.keep(&e) {
				events[kept] = e
				kept++
			}
		}
		n = kept
	}
	if err == nil {
		q.mu.Lock()
		n += copy(events[n:], q.extra)
		q.extra = nil
		q.mu.Unlock()
	}
	return n, err
}

func (q *oddQueue) Wake() error {
	if q.wake != nil {
		return q.wake()
	}
	return q.Queue.Wake()
}

func (q *oddQueue) Add(h sys.Handle, r queue.Registration) error {
	if q.add != nil {
		return q.add(h, r)
	}
	return q.Queue.Add(h, r)
}

func (q *oddQueue) Modify(h sys.Handle, r queue.Registration) error {
	if q.modify != nil {
		return q.modify(h, r)
	}
	return q.Queue.Modify(h, r)
}

func (q *oddQueue) Delete(h sys.Handle) error {
	if q.del != nil {
		return q.del(h)
	}
	return q.Queue.Delete(h)
}

func (q *oddQueue) WouldBlock(h sys.Handle, d queue.Interest) error {
	if q.wouldBlock != nil {
		return q.wouldBlock(h, d)
	}
	return q.Queue.WouldBlock(h, d)
}

func waiterSeam(alter func(o *oddSource)) Seams {
	odd := func(r sched.Source, err error) (sched.Source, error) {
		if err != nil {
			return nil, err
		}
		o := &oddSource{Source: r}
		alter(o)
		return o, nil
	}
	return Seams{
		Tasks:      func(l *sched.Loop, h sys.Handle) (sched.Source, error) { return odd(l.Waiter().Register(h)) },
		Goroutines: func(l *sched.Loop, h sys.Handle) (sched.Source, error) { return odd(sched.NewPollerOn(l).Register(h)) },
	}
}

// oddSource is a source whose methods can be replaced.
type oddSource struct {
	sched.Source
	wait      func(d sys.Direction, deadline time.Time) error
	interrupt func(d sys.Direction)
	waiting   [2]atomic.Bool
}

func (o *oddSource) Wait(d sys.Direction, deadline time.Time) error {
	o.waiting[d].Store(true)
	defer o.waiting[d].Store(false)
	if o.wait == nil {
		return o.Source.Wait(d, deadline)
	}
	return o.wait(d, deadline)
}

func (o *oddSource) Interrupt(d sys.Direction) {
	if o.interrupt == nil {
		o.Source.Interrupt(d)
		return
	}
	o.interrupt(d)
}

func handlerSeam(alter func(o *oddHandler)) Seams {
	return Seams{Handler: func(h sched.Handler) sched.Handler {
		o := &oddHandler{Handler: h}
		alter(o)
		return o
	}}
}

// oddHandler is a handler whose Step is replaced.
type oddHandler struct {
	sched.Handler
	step func(t sched.HandlerTask, c sched.Cause) sched.Next
}

func (o *oddHandler) Step(t sched.HandlerTask, c sched.Cause) sched.Next { return o.step(t, c) }
