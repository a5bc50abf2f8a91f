package queuetest

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func submitMutants() []completionMutant {
	return []completionMutant{
		{"Multi is ignored where it has no meaning", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				switch op.Kind {
				case queue.OpSend, queue.OpConnect, queue.OpClose, queue.OpTimeout:
					op.Multi = false
				}
			})
		}, "completion/invalid"},
		{"segments that are too many are left out", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) { op.Vector = op.Vector[:min(len(op.Vector), sys.MaxSegments)] })
		}, "completion/invalid"},
		{"an invalid operation completes", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				if errors.Is(err, queue.ErrInvalid) {
					q.mu.Lock()
					q.stash = append(q.stash, queue.Event{Token: op.Token, Completion: queue.Completed, Result: -int32(syscall.EINVAL)})
					q.mu.Unlock()
				}
				return id, err
			}
		}, "completion/invalid"},
		{"what is submitted to a closed queue is checked first", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				if op.Kind == queue.OpNone {
					return 0, queue.ErrInvalid
				}
				return q.reallySubmit(op)
			}
		}, "completion/closed"},
		{"a closed queue cancels nothing", func(q *faultyCompleter) {
			q.cancel = func(id queue.OpID) error {
				if err := q.reallyCancel(id); !errors.Is(err, queue.ErrClosed) {
					return err
				}
				return queue.ErrNotFound
			}
		}, "completion/closed"},
		{"a full queue forgets", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				if errors.Is(err, queue.ErrFull) {
					return 1 << 60, nil
				}
				return id, err
			}
		}, "completion/full"},
		{"a chain that does not fit begins", func(q *faultyCompleter) {
			q.chain = func(ops []queue.Op, ids []queue.OpID) error {
				err := q.reallyChain(ops, ids)
				if errors.Is(err, queue.ErrFull) {
					_, _ = q.reallySubmit(&ops[0])
				}
				return err
			}
		}, "completion/full-chain"},
		{"a canceled operation keeps its room", func(q *faultyCompleter) {
			kept := 0
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				q.mu.Lock()
				full := q.bound > 0 && kept+len(q.flying) >= q.bound
				q.mu.Unlock()
				if full {
					return 0, queue.ErrFull
				}
				return q.reallySubmit(op)
			}
			q.completion = func(e *queue.Event, _ *flying) bool {
				if e.Result == queue.ResultCanceled {
					kept++
				}
				return true
			}
		}, "completion/full-canceled"},
		{"each completion is allocated", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, _ *flying) bool {
				sink.Store(&queue.Event{Token: e.Token})
				return true
			}
		}, "completion/no-allocation"},
	}
}

func turnMutants() []completionMutant {
	return []completionMutant{
		{"a wait that runs does not take what is submitted", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				q.mu.Lock()
				inside := q.inside
				q.mu.Unlock()
				if inside > 0 {
					return q.never(op)
				}
				return q.reallySubmit(op)
			}
		}, "completion/submit-while-waiting"},
		{"one goroutine may submit", onlyFromFirst, "completion/submit-anywhere"},
		{"a handle whose operation has just ended is busy", func(q *faultyCompleter) {
			ended := map[sys.Handle]bool{}
			q.completion = func(e *queue.Event, o *flying) bool {
				ended[o.Handle] = o.Kind == queue.OpRecv
				return true
			}
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				q.mu.Lock()
				busy := ended[op.Handle] && op.Kind == queue.OpRecv
				delete(ended, op.Handle)
				q.mu.Unlock()
				if busy {
					return q.never(op)
				}
				return q.reallySubmit(op)
			}
		}, "completion/submit-in-handling"},
		{"a poll takes no completions", func(q *faultyCompleter) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout == 0 && len(events) > 0 && q.open() {
					return 0, nil
				}
				return q.reallyWait(events, timeout)
			}
		}, "completion/polls"},
		{"sends begin after all receives", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				q.mu.Lock()
				receives := false
				for _, o := range q.flying {
					receives = receives || o.Kind == queue.OpRecv
				}
				q.mu.Unlock()
				if receives && op.Kind == queue.OpSend {
					return q.never(op)
				}
				return q.reallySubmit(op)
			}
		}, "completion/ping-pong"},
		{"completions without room are dropped", func(q *faultyCompleter) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if len(events) != 1 {
					return q.reallyWait(events, timeout)
				}
				more := make([]queue.Event, 2)
				n, err := q.reallyWait(more, timeout)
				return copy(events, more[:n]), err
			}
		}, "completion/one-slot"},
		{"an operation hides the readiness of its handle", func(q *faultyCompleter) {
			q.events = func(events []queue.Event) []queue.Event {
				kept := events[:0]
				for _, e := range events {
					hidden := false
					if h, _ := q.of(e.Token); e.Completion == 0 {
						for _, o := range q.flying {
							hidden = hidden || o.Handle == h
						}
					}
					if !hidden {
						kept = append(kept, e)
					}
				}
				return q.reallyEvents(kept)
			}
		}, "completion/readiness"},
		{"several waits return a completion", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, _ *flying) bool {
				if q.inside > 0 {
					q.stash = append(q.stash, *e)
				}
				return true
			}
		}, "completion/waiters"},
	}
}

// onlyFromFirst makes Submit fail on every goroutine except the first that called it.
func onlyFromFirst(q *faultyCompleter) {
	var first suite.Goroutine
	q.submit = func(op *queue.Op) (queue.OpID, error) {
		q.mu.Lock()
		if first == (suite.Goroutine{}) {
			first = suite.CurrentGoroutine()
		}
		same := first == suite.CurrentGoroutine()
		q.mu.Unlock()
		if !same {
			return 0, syscall.EEXIST
		}
		return q.reallySubmit(op)
	}
}
