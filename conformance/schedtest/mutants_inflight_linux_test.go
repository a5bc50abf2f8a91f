package schedtest

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// knowingQueue remembers the tokens of handles.
type knowingQueue struct {
	queue.Queue
	mu     sync.Mutex // guards tokens
	tokens map[sys.Handle]queue.Token
}

func (q *knowingQueue) Add(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tokens[h] = r.Token
	return q.Queue.Add(h, r)
}

// arm arms h for one report, whether or not an event for it is on its way.
func (q *knowingQueue) arm(h sys.Handle) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.Modify(h, queue.Registration{Token: q.tokens[h], Interest: queue.Readable, Mode: queue.OneShot})
}

// patientQueue ignores a wake caused by a time earlier than the distant one that a Wait is for.
type patientQueue struct {
	queue.Queue
	timeout atomic.Int64
}

func (q *patientQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	q.timeout.Store(int64(timeout))
	return q.Queue.Wait(events, timeout)
}

func (q *patientQueue) Wake() error {
	if q.timeout.Load() > int64(distantTime/2) && calledBy(".setTimer") {
		return nil
	}
	return q.Queue.Wake()
}

// calledBy reports whether a function whose name ends in the given suffix is among the callers.
func calledBy(suffix string) bool {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, suffix) {
			return true
		}
		if !more {
			return false
		}
	}
}

func inFlightMutants() []suite.Mutant[*Fixture] {
	of := func(mode queue.Mode) Target { return shared(2, "shared", "epoll", openEpoll, mode) }
	return []suite.Mutant[*Fixture]{
		mutantOf(of(queue.OneShot), "arms anew while an event is on its way", func(o *operations) {
			var known *knowingQueue
			o.queue = func(q queue.Queue) queue.Queue {
				known = &knowingQueue{Queue: q, tokens: map[sys.Handle]queue.Token{}}
				return known
			}
			handledOddly(func(h *oddHandler, _ *sched.Loop, handle sys.Handle) {
				h.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
					next := h.Handler.Step(t, c)
					if c == sched.Woken {
						known.arm(handle)
					}
					return next
				}
			})(o)
		}, "workers/event-on-its-way"),
		mutantOf(of(queue.Edge), "who waits for a time is not told of an earlier one", func(o *operations) {
			o.queue = func(q queue.Queue) queue.Queue { return &patientQueue{Queue: q} }
		}, "workers/earlier-time"),
	}
}
