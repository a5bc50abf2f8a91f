package queuetest

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// transferMutants break the kinds that move bytes.
func transferMutants() []completionMutant {
	return []completionMutant{
		{"a receive reports its room", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpRecv && result > 0 && len(o.Data) > 0 {
					return int32(len(o.Data))
				}
				return result
			})
		}, "completion/recv"},
		{"a send does not own its memory", func(q *faultyCompleter) {
			shared := make([]byte, 1<<16)
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpSend && len(op.Data) > 0 {
					op.Data = shared[:copy(shared, op.Data)]
				}
			})
		}, "completion/garbage"},
		{"a receive reports its first byte only", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpRecv {
					return min(result, 1)
				}
				return result
			})
		}, "completion/recv-ready"},
		{"an end is an error", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpRecv && result == 0 {
					return -int32(syscall.ECONNRESET)
				}
				return result
			})
		}, "completion/recv-end"},
		{"a receive fills the last segment only", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if n := len(op.Vector); n > 0 && op.Kind == queue.OpRecv {
					op.Vector = op.Vector[n-1:]
				}
			})
		}, "completion/recv-vector"},
		{"receives exchange their bytes", func(q *faultyCompleter) {
			var last []byte
			q.completion = func(_ *queue.Event, o *flying) bool {
				switch {
				case o.Kind != queue.OpRecv || len(o.Data) != 1:
				case last == nil:
					last = o.Data
				default:
					last[0], o.Data[0] = o.Data[0], last[0]
					last = nil
				}
				return true
			}
		}, "completion/recv-order"},
		{"a reset is an end", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpRecv && result == -int32(syscall.ECONNRESET) {
					return 0
				}
				return result
			})
		}, "completion/recv-reset"},
		{"submit refuses what will fail", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				if op.Kind == queue.OpRecv || op.Kind == queue.OpSend {
					if _, err := sys.PeerAddr(op.Handle); errors.Is(err, syscall.ENOTCONN) {
						return 0, err
					}
				}
				return q.reallySubmit(op)
			}
		}, "completion/recv-failure"},
		{"the queue keeps the variable", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				e.Token = o.variable.Token
				return true
			}
		}, "completion/copies"},
		{"a datagram has no sender", func(q *faultyCompleter) {
			q.completion = func(_ *queue.Event, o *flying) bool {
				if o.Kind == queue.OpRecvMessage {
					o.Message.Addr = loopback
				}
				return true
			}
		}, "completion/message"},
		{"the datagrams of a turn are one", func(q *faultyCompleter) {
			var first *sys.Message
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpSendMessage {
					if first == nil {
						first = op.Message
					}
					op.Message = first
				}
			})
		}, "completion/messages"},
		{"a send ends with what fits", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpSend {
					op.Data = op.Data[:min(len(op.Data), 64<<10)]
				}
			})
		}, "completion/send"},
		{"Data comes before Vector", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpSend && op.Data != nil {
					op.Vector = nil
				}
			})
		}, "completion/send-vector"},
		{"a send with ZeroCopy ends twice", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.ZeroCopy {
					q.stash = append(q.stash, *e)
				}
				return true
			}
		}, "completion/send-zero-copy"},
		{"a send with ZeroCopy ends before its bytes have left", func(q *faultyCompleter) {
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				if op.ZeroCopy && err == nil {
					q.mu.Lock()
					defer q.mu.Unlock()
					q.stash = append(q.stash, queue.Event{Token: op.Token, Completion: queue.Completed, Result: int32(len(op.Data))})
				}
				return id, err
			}
			q.completion = func(_ *queue.Event, o *flying) bool { return !o.ZeroCopy }
		}, "completion/send-zero-copy"},
		{"the first of two sends is slow", func(q *faultyCompleter) {
			slowed := map[sys.Handle]bool{}
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				if op.Kind != queue.OpSend || slowed[op.Handle] {
					return q.reallySubmit(op)
				}
				slowed[op.Handle] = true
				ids := make([]queue.OpID, 2)
				err := q.reallyChain([]queue.Op{{Kind: queue.OpTimeout, After: time.Millisecond, Token: ^op.Token}, *op}, ids)
				return ids[1], err
			}
			q.completion = func(e *queue.Event, _ *flying) bool { return e.Token < 1<<63 }
		}, "completion/send-order"},
		{"a part of a send is an error", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpSend && result > 0 && int(result) < len(o.Data) {
					return -int32(syscall.EPIPE)
				}
				return result
			})
		}, "completion/send-part"},
		{"a part of a canceled send is not reported", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpSend && o.canceled {
					return queue.ResultCanceled
				}
				return result
			})
		}, "completion/cancel-keeps-sent"},
		{"a send to nobody succeeds", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpSend && result == -int32(syscall.EPIPE) {
					return int32(len(o.Data))
				}
				return result
			})
		}, "completion/send-refused"},
		{"a quiet send has no completion", func(q *faultyCompleter) {
			q.completion = func(_ *queue.Event, o *flying) bool { return !o.Quiet || len(o.Data) != 64 }
		}, "completion/send-quiet"},
		{"a quiet send ends with what fits", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Quiet && result > 0 {
					return min(result, 64<<10)
				}
				return result
			})
		}, "completion/send-quiet-large"},
		{"a quiet send to nobody succeeds", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Quiet && result == -int32(syscall.EPIPE) {
					return int32(len(o.Data))
				}
				return result
			})
		}, "completion/send-quiet-refused"},
		{"a canceled quiet send succeeds", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Quiet && o.canceled {
					return int32(len(o.Data))
				}
				return result
			})
		}, "completion/send-quiet-canceled"},
	}
}

// connectionMutants break accepts, connects and closes.
func connectionMutants() []completionMutant {
	accepted := func(f func(h sys.Handle)) func(q *faultyCompleter) {
		return func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpAccept && e.Result >= 0 {
					f(sys.Handle(e.Result))
				}
				return true
			}
		}
	}
	return []completionMutant{
		{"an accepted connection is shut down", accepted(func(h sys.Handle) { _ = sys.Shutdown(h, sys.ShutBoth) }), "completion/accept"},
		{"an accepted handle is blocking", accepted(func(h sys.Handle) { _ = sys.SetBlocking(h) }), "completion/accept-state"},
		{"an accepted handle is inherited", accepted(func(h sys.Handle) {
			_, _, _ = syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(h), syscall.F_SETFD, 0)
		}), "completion/accept-state"},
		{"an accept ignores Multi", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) { op.Multi = op.Multi && op.Kind != queue.OpAccept })
		}, "completion/accept-multi"},
		{"a connect reports its handle", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpConnect && result == 0 {
					return int32(o.Handle)
				}
				return result
			})
		}, "completion/connect"},
		{"a refused connect succeeds", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpConnect {
					return max(result, 0)
				}
				return result
			})
		}, "completion/connect-refused"},
		{"a refused connect is reported twice", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpConnect && e.Result < 0 {
					q.stash = append(q.stash, *e)
				}
				return true
			}
		}, "completion/connect-refused"},
		{"a connect ignores names", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpConnect && op.Message != nil && op.Message.Name != "" {
					op.Message = &sys.Message{Addr: loopback}
				}
			})
		}, "completion/connect-unix"},
		{"close does nothing", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpClose {
					op.Kind = queue.OpTimeout
				}
			})
		}, "completion/close"},
	}
}

// notionMutants break polls, timeouts, tokens and ids.
func notionMutants() []completionMutant {
	polled := func(f func(result int32) int32) func(q *faultyCompleter) {
		return func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if o.Kind == queue.OpPoll && result >= 0 {
					return f(result)
				}
				return result
			})
		}
	}
	return []completionMutant{
		{"a poll does not report what is ready", polled(func(int32) int32 { return 0 }), "completion/poll"},
		{"a poll reports both directions", polled(func(r int32) int32 { return r | int32(queue.Both) }), "completion/poll-directions"},
		{"a poll reports no hang-ups", polled(func(r int32) int32 { return r & int32(queue.Both) }), "completion/poll-hang-up"},
		{"a poll ignores Multi", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) { op.Multi = op.Multi && op.Kind != queue.OpPoll })
		}, "completion/poll-multi"},
		{"a poll with Multi falls silent", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool { return o.Kind != queue.OpPoll || o.count <= 5 || e.Terminal() }
		}, "completion/poll-multi"},
		{"a poll with Multi ends after many arrivals", func(q *faultyCompleter) {
			n := 0
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpPoll && o.Multi && e.Completion&queue.More != 0 {
					if n++; n == 60 { // the real operation remains in flight
						e.Completion &^= queue.More
					}
				}
				return true
			}
		}, "completion/flood"},
		{"a poll does not report an end", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				return o.Kind != queue.OpPoll || !o.Multi || e.Result < 0 || !queue.Ready(e.Result).Ends()
			}
		}, "completion/shut-behind-data"},
		{"parts of a millisecond are cut off timeouts", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) { op.After = op.After.Truncate(time.Millisecond) })
		}, "completion/timeout"},
		{"long timeouts overflow", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) {
				if op.After > time.Hour*24*365 {
					op.After = 0
				}
			})
		}, "completion/timeout"},
		{"timeouts end in the order of submission", func(q *faultyCompleter) {
			var longest time.Duration
			q.changes(func(op *queue.Op) {
				if op.Kind == queue.OpTimeout {
					longest = max(longest, op.After)
					op.After = longest
				}
			})
		}, "completion/timeout-order"},
		{"timeouts beyond a thousand are forgotten", func(q *faultyCompleter) {
			n := 0
			q.changes(func(op *queue.Op) {
				if n++; n > 1000 {
					op.After = 1 << 50
				}
			})
		}, "completion/timeout-many"},
		{"a token has 32 bits", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, _ *flying) bool {
				e.Token &= 1<<32 - 1
				return true
			}
		}, "completion/token"},
		{"the rest of a chain has no kind", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.chained > 1 {
					e.Kind = queue.OpNone
				}
				return true
			}
		}, "completion/kind"},
		{"ids are places in a table", func(q *faultyCompleter) {
			ids := map[queue.OpID]queue.OpID{} // of those in flight, by place
			places := map[queue.Token]queue.OpID{}
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				if err != nil {
					return 0, err
				}
				q.mu.Lock()
				defer q.mu.Unlock()
				place := queue.OpID(1)
				for ids[place] != 0 {
					place++
				}
				ids[place], places[op.Token] = id, place
				return place, nil
			}
			q.cancel = func(place queue.OpID) error {
				q.mu.Lock()
				id := ids[place]
				q.mu.Unlock()
				return q.reallyCancel(id)
			}
			q.completion = func(e *queue.Event, _ *flying) bool {
				if e.Terminal() {
					delete(ids, places[e.Token])
				}
				return true
			}
		}, "completion/id"},
	}
}
