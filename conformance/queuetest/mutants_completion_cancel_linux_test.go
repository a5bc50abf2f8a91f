package queuetest

import (
	"errors"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// cancels makes before run before each Cancel, with the operation that it is for.
func (q *faultyCompleter) cancels(before func(o *flying)) {
	q.cancel = func(id queue.OpID) error {
		q.mu.Lock()
		if o := q.byID[id]; o != nil {
			before(o)
		}
		q.mu.Unlock()
		return q.reallyCancel(id)
	}
}

// keepsFiles keeps the files of canceled operations open until the queue is closed.
func keepsFiles(q *faultyCompleter) {
	var kept []sys.Handle
	q.cancels(func(o *flying) {
		if fd, err := syscall.Dup(int(o.Handle)); err == nil && o.Kind != queue.OpTimeout {
			syscall.CloseOnExec(fd)
			kept = append(kept, sys.Handle(fd))
		}
	})
	q.shut = func() error {
		err := q.real.Close()
		for _, h := range kept {
			_ = sys.Close(h)
		}
		kept = nil
		return err
	}
}

func cancelMutants() []completionMutant {
	return []completionMutant{
		{"a canceled operation reports an errno", func(q *faultyCompleter) {
			q.results(func(result int32, _ *flying) int32 {
				if result == queue.ResultCanceled {
					return -int32(syscall.ECANCELED)
				}
				return result
			})
		}, "completion/cancel"},
		{"a cancel ends all operations of the handle", func(q *faultyCompleter) {
			q.cancels(func(canceled *flying) {
				for _, o := range q.flying {
					if o.Handle == canceled.Handle && o.id != canceled.id {
						_ = q.real.Cancel(o.id)
					}
				}
			})
		}, "completion/cancel-one"},
		{"a cancel finds what has ended", func(q *faultyCompleter) {
			q.cancel = func(id queue.OpID) error {
				if err := q.reallyCancel(id); !errors.Is(err, queue.ErrNotFound) {
					return err
				}
				return nil
			}
		}, "completion/cancel-ended"},
		{"the id of an operation that has ended is the newest one's", func(q *faultyCompleter) {
			var newest queue.OpID
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				newest = id
				return id, err
			}
			q.cancel = func(id queue.OpID) error {
				err := q.reallyCancel(id)
				if errors.Is(err, queue.ErrNotFound) {
					return q.reallyCancel(newest)
				}
				return err
			}
		}, "completion/cancel-stale"},
		{"a second cancel finds nothing", func(q *faultyCompleter) {
			q.cancel = func(id queue.OpID) error {
				q.mu.Lock()
				o := q.byID[id]
				again := o != nil && o.canceled
				q.mu.Unlock()
				if again {
					return queue.ErrNotFound
				}
				return q.reallyCancel(id)
			}
		}, "completion/cancel-twice"},
		{"a canceled receive has taken bytes", func(q *faultyCompleter) {
			q.cancels(func(o *flying) {
				if o.Kind == queue.OpRecv {
					_, _ = sys.Recv(o.Handle, make([]byte, 1))
				}
			})
		}, "completion/cancel-keeps-bytes"},
		{"a canceled accept has taken a connection", func(q *faultyCompleter) {
			q.cancels(func(o *flying) {
				if h, _, err := sys.Accept(o.Handle); o.Kind == queue.OpAccept && err == nil {
					_ = sys.Close(h)
				}
			})
		}, "completion/cancel-keeps-connections"},
		{"a wait that runs does not see a cancel", func(q *faultyCompleter) {
			q.cancel = func(id queue.OpID) error {
				q.mu.Lock()
				inside := q.inside
				q.mu.Unlock()
				if inside > 0 {
					return nil
				}
				return q.reallyCancel(id)
			}
		}, "completion/cancel-while-waiting"},
		{"cancels beyond a thousand are forgotten", func(q *faultyCompleter) {
			n := 0
			q.cancel = func(id queue.OpID) error {
				if n++; n > 1000 {
					return nil
				}
				return q.reallyCancel(id)
			}
		}, "completion/cancel-many"},
		{"canceled operations keep their files open", keepsFiles, "completion/close-handle"},
		{"canceled accepts keep their listener open", keepsFiles, "completion/close-listener"},
		{"a canceled receive writes once more", func(q *faultyCompleter) {
			var canceled []byte
			q.completion = func(e *queue.Event, o *flying) bool {
				if len(canceled) > 0 && o.Kind == queue.OpPoll && e.Result > 0 {
					canceled[0]++
				}
				if o.Kind == queue.OpRecv && e.Result == queue.ResultCanceled {
					canceled = o.Data
				}
				return true
			}
		}, "completion/close-number"},
	}
}

// endsTwice reports every tenth terminal completion of a kind twice.
func endsTwice(kind queue.OpKind) func(q *faultyCompleter) {
	return func(q *faultyCompleter) {
		n := 0
		q.completion = func(e *queue.Event, o *flying) bool {
			if o.Kind == kind && e.Terminal() {
				if n++; n%10 == 0 {
					q.stash = append(q.stash, *e)
				}
			}
			return true
		}
	}
}

func onceMutants() []completionMutant {
	return []completionMutant{
		{"some receives end twice", endsTwice(queue.OpRecv), "completion/exactly-once-recv"},
		{"some sends end twice", endsTwice(queue.OpSend), "completion/exactly-once-send"},
		{"some accepts end twice", endsTwice(queue.OpAccept), "completion/exactly-once-accept"},
		{"some connects end twice", endsTwice(queue.OpConnect), "completion/exactly-once-connect"},
		{"some polls end twice", endsTwice(queue.OpPoll), "completion/exactly-once-poll"},
		{"some timeouts end twice", endsTwice(queue.OpTimeout), "completion/exactly-once-timeout"},
	}
}

func chainMutants() []completionMutant {
	each := func(q *faultyCompleter) func(ops []queue.Op, ids []queue.OpID) error {
		return func(ops []queue.Op, ids []queue.OpID) (err error) {
			if len(ops) != len(ids) {
				return queue.ErrInvalid
			}
			for i := range ops {
				if ids[i], err = q.reallySubmit(&ops[i]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return []completionMutant{
		{"a chain begins at once", func(q *faultyCompleter) { q.chain = each(q) }, "completion/chain"},
		{"the rest of a failed chain does not complete", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				return o.chained < 2 || o.canceled || e.Result != queue.ResultCanceled
			}
		}, "completion/chain-failure"},
		{"a short receive continues its chain", func(q *faultyCompleter) {
			q.chain = func(ops []queue.Op, ids []queue.OpID) error {
				if len(ops) == 0 || ops[0].Kind != queue.OpRecv {
					return q.reallyChain(ops, ids)
				}
				// A poll waits for the bytes and its completion reads them.
				polled := append([]queue.Op(nil), ops...)
				polled[0].Kind, polled[0].Interest = queue.OpPoll, queue.Readable
				return q.reallyChain(polled, ids)
			}
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpPoll && o.chained == 1 && e.Result >= 0 && o.Data != nil {
					n, _ := sys.Recv(o.Handle, o.Data)
					e.Result = int32(n)
				}
				return true
			}
		}, "completion/chain-short"},
		{"a cancel ends the head of a chain only", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.chained > 1 && !o.canceled && result == queue.ResultCanceled {
					return 0
				}
				return result
			})
		}, "completion/chain-cancel"},
		{"only the head of a chain can be canceled", func(q *faultyCompleter) {
			q.cancel = func(id queue.OpID) error {
				q.mu.Lock()
				o := q.byID[id]
				later := o != nil && o.chained > 1
				q.mu.Unlock()
				if later {
					return nil
				}
				return q.reallyCancel(id)
			}
		}, "completion/chain-cancel-later"},
		{"a chain is submitted up to what is invalid", func(q *faultyCompleter) {
			alone := each(q)
			q.chain = func(ops []queue.Op, ids []queue.OpID) error {
				err := q.reallyChain(ops, ids)
				if err != nil {
					_ = alone(ops, ids)
				}
				return err
			}
		}, "completion/chain-refused"},
		{"the timeouts of a chain begin together", func(q *faultyCompleter) {
			q.chain = func(ops []queue.Op, ids []queue.OpID) error {
				if ops[0].Kind == queue.OpTimeout && ops[0].After > 0 {
					return each(q)(ops, ids)
				}
				return q.reallyChain(ops, ids)
			}
		}, "completion/chain-timeouts"},
	}
}
