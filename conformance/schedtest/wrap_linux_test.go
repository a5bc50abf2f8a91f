package schedtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// lossyQueue drops the events for which keep returns false.
type lossyQueue struct {
	queue.Queue
	keep func(e *queue.Event) bool
}

func (q lossyQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, err := q.Queue.Wait(events, timeout)
	kept := 0
	for i := range events[:n] {
		if q.keep(&events[i]) {
			events[kept] = events[i]
			kept++
		}
	}
	return kept, err
}

// waitQueue replaces Wait.
type waitQueue struct {
	queue.Queue
	wait func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error)
}

func (q waitQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	return q.wait(q.Queue, events, timeout)
}

// modifyQueue changes the registrations.
type modifyQueue struct {
	queue.Queue
	change func(r queue.Registration) queue.Registration
}

func (q modifyQueue) Modify(h sys.Handle, r queue.Registration) error {
	return q.Queue.Modify(h, q.change(r))
}

// staleQueue reports each ended registration once more when its place in the loop's table is
// reused. It uses its own token, or the successor's, as if tokens had no generation.
type staleQueue struct {
	queue.Queue
	forgetsGenerations bool

	mu     sync.Mutex // guards the fields below
	tokens map[sys.Handle]queue.Token
	ended  map[uint32]queue.Token
	stale  []queue.Event
}

func newStaleQueue(q queue.Queue, forgetsGenerations bool) *staleQueue {
	return &staleQueue{Queue: q, forgetsGenerations: forgetsGenerations,
		tokens: map[sys.Handle]queue.Token{}, ended: map[uint32]queue.Token{}}
}

func (q *staleQueue) Add(h sys.Handle, r queue.Registration) error {
	if err := q.Queue.Add(h, r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tokens[h] = r.Token
	if old, ok := q.ended[uint32(r.Token)]; ok {
		if q.forgetsGenerations {
			old = r.Token
		}
		q.stale = append(q.stale, queue.Event{Token: old, Ready: queue.Ready(queue.Readable)})
		return q.Queue.Wake()
	}
	return nil
}

func (q *staleQueue) Delete(h sys.Handle) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended[uint32(q.tokens[h])] = q.tokens[h]
	return q.Queue.Delete(h)
}

func (q *staleQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, err := q.Queue.Wait(events, timeout)
	q.mu.Lock()
	defer q.mu.Unlock()
	for err == nil && len(q.stale) > 0 && n < len(events) {
		events[n] = q.stale[0]
		q.stale = q.stale[1:]
		n++
	}
	return n, err
}

// odd is a registration with the methods replaced that are set.
type odd struct {
	registration
	wait      func(d sys.Direction, deadline time.Time) error
	interrupt func(d sys.Direction)
	close     func() error
	waiting   [2]atomic.Int32
}

func (o *odd) Wait(d sys.Direction, deadline time.Time) error {
	o.waiting[d].Add(1)
	defer o.waiting[d].Add(-1)
	if o.wait == nil {
		return o.registration.Wait(d, deadline)
	}
	return o.wait(d, deadline)
}

func (o *odd) Interrupt(d sys.Direction) {
	if o.interrupt == nil {
		o.registration.Interrupt(d)
		return
	}
	o.interrupt(d)
}

func (o *odd) Close() error {
	if o.close == nil {
		return o.registration.Close()
	}
	return o.close()
}

func (o *odd) NoProgress(d sys.Direction) {
	o.registration.(vainCounter).NoProgress(d)
}

// oddly applies alter to every registration of form f.
func oddly(f form, alter func(o *odd)) func(*operations) {
	return func(ops *operations) {
		register := &ops.tasks
		if f.name == goroutineForm.name {
			register = &ops.goroutines
		}
		honest := *register
		*register = func(l *sched.Loop, h sys.Handle) (registration, error) {
			reg, err := honest(l, h)
			if err != nil {
				return nil, err
			}
			o := &odd{registration: reg}
			alter(o)
			return o, nil
		}
	}
}

// oddHandler replaces the methods that are set.
type oddHandler struct {
	sched.Handler
	step func(t sched.HandlerTask, c sched.Cause) sched.Next
	end  func(err error)
	last sched.Next
}

func (o *oddHandler) Step(t sched.HandlerTask, c sched.Cause) sched.Next {
	if o.step == nil {
		return o.Handler.Step(t, c)
	}
	return o.step(t, c)
}

func (o *oddHandler) End(err error) {
	if o.end == nil {
		o.Handler.End(err)
		return
	}
	o.end(err)
}

// handledOddly applies alter to every handler.
func handledOddly(alter func(o *oddHandler, l *sched.Loop, h sys.Handle)) func(*operations) {
	return func(ops *operations) {
		ops.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
			o := &oddHandler{Handler: handler}
			alter(o, l, h)
			return l.StartHandler(h, o)
		}
	}
}
