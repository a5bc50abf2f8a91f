package queuetest

import (
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// lends makes all Buffers pass through change.
func (q *faultyCompleter) lends(change func(b *faultyBuffers)) {
	q.lend = func(count, size int) (queue.Buffers, error) {
		b, err := q.reallyLend(count, size)
		if err == nil {
			change(b.(*faultyBuffers))
		}
		return b, err
	}
}

// lent returns the memory of a completion, or nil.
func lent(e *queue.Event, o *flying) []byte {
	if o.Buffers == nil || e.Completion&queue.Provided == 0 {
		return nil
	}
	return o.Buffers.Bytes(e.Buffer)
}

func bufferMutants() []completionMutant {
	return []completionMutant{
		{"a buffer is not reported", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, _ *flying) bool {
				e.Completion &^= queue.Provided
				return true
			}
		}, "completion/buffers"},
		{"a receive ignores Multi", func(q *faultyCompleter) {
			q.changes(func(op *queue.Op) { op.Multi = op.Multi && op.Kind != queue.OpRecv })
		}, "completion/buffers-multi"},
		{"an idle receive holds a buffer", func(q *faultyCompleter) {
			q.lends(func(b *faultyBuffers) {
				b.lent = func() int {
					q.mu.Lock()
					defer q.mu.Unlock()
					n := b.Buffers.Lent()
					for _, o := range q.flying {
						if o.Buffers == queue.Buffers(b) && n < b.Count() {
							n++
						}
					}
					return n
				}
			})
		}, "completion/buffers-idle"},
		{"a byte without a buffer is lost", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if e.Result == queue.ResultNoBuffers {
					_, _ = sys.Recv(o.Handle, make([]byte, 1))
				}
				return true
			}
		}, "completion/buffers-exhausted"},
		{"an end without a buffer is lost", func(q *faultyCompleter) {
			q.results(func(result int32, o *flying) int32 {
				if result == 0 && o.Kind == queue.OpRecv && o.Multi {
					return -int32(syscall.ENOBUFS)
				}
				return result
			})
		}, "completion/buffers-exhausted-multi"},
		{"the bytes of a buffer change places", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if p := lent(e, o); e.Result == 1<<10 && len(p) == 1<<10 {
					p[0], p[1] = p[1], p[0]
				}
				return true
			}
		}, "completion/buffers-stream"},
		{"a receive with Multi skips a byte", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if e.Completion&queue.More != 0 && e.Result > 1 && o.count == 2 {
					e.Result--
				}
				return true
			}
		}, "completion/buffers-stream-multi"},
		{"a lent buffer is used again", func(q *faultyCompleter) {
			var first []byte
			q.completion = func(e *queue.Event, o *flying) bool {
				if p := lent(e, o); first == nil {
					first = p
				} else {
					copy(first, p)
				}
				return true
			}
		}, "completion/buffers-hold"},
		{"a canceled receive keeps a buffer", func(q *faultyCompleter) {
			var kept atomic.Int64
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Buffers != nil && e.Result == queue.ResultCanceled {
					kept.Add(1)
				}
				return true
			}
			q.lends(func(b *faultyBuffers) { b.lent = func() int { return b.Buffers.Lent() + int(kept.Load()) } })
		}, "completion/buffers-accounting"},
		{"there is one buffer more", func(q *faultyCompleter) {
			q.lends(func(b *faultyBuffers) { b.count = func() int { return b.Buffers.Count() + 1 } })
		}, "completion/buffers-count"},
		{"the bounds of buffers are kept silently", func(q *faultyCompleter) {
			q.lend = func(count, size int) (queue.Buffers, error) {
				return q.reallyLend(min(max(count, 1), queue.MaxBuffers), min(max(size, 1), queue.MaxBufferSize))
			}
		}, "completion/buffers-bounds"},
		{"foreign buffers are used", func(q *faultyCompleter) {
			ours := map[queue.Buffers]bool{}
			q.lends(func(b *faultyBuffers) { ours[b] = true })
			q.changes(func(op *queue.Op) {
				if op.Buffers != nil && !ours[op.Buffers] {
					op.Buffers, op.Data = nil, make([]byte, 8)
				}
			})
		}, "completion/buffers-foreign"},
		{"a second return is fine", func(q *faultyCompleter) {
			q.lends(func(b *faultyBuffers) {
				b.giveBack = func(id uint16) {
					defer func() { _ = recover() }()
					b.Buffers.Return(id)
				}
			})
		}, "completion/buffers-return-twice"},
		{"buffers that are in use are closed", func(q *faultyCompleter) {
			q.lends(func(b *faultyBuffers) {
				b.shut = func() error {
					_ = b.Buffers.Close()
					return nil
				}
			})
		}, "completion/buffers-busy"},
		{"all buffers have one account", func(q *faultyCompleter) {
			var all []*faultyBuffers
			q.lends(func(b *faultyBuffers) {
				all = append(all, b)
				b.lent = func() (n int) {
					for _, other := range all {
						n += other.Buffers.Lent()
					}
					return n
				}
			})
		}, "completion/buffers-several"},
	}
}

func endMutants() []completionMutant {
	return []completionMutant{
		{"operations outlive the queue", func(q *faultyCompleter) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				if err != nil {
					q.mu.Lock()
					defer q.mu.Unlock()
					for _, o := range q.flying {
						if len(o.Data) > 0 {
							o.Data[0]++
						}
					}
				}
				return n, err
			}
		}, "completion/close-in-flight"},
		{"connections that no wait has returned are left open", func(q *faultyCompleter) {
			q.shut = func() error {
				q.mu.Lock()
				defer q.mu.Unlock()
				for _, o := range q.flying {
					if o.Kind != queue.OpAccept {
						continue
					}
					for err := error(nil); err == nil; {
						_, _, err = sys.Accept(o.Handle)
					}
				}
				return q.real.Close()
			}
		}, "completion/close-untaken"},
		{"a closed queue has nothing to report", func(q *faultyCompleter) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				if err != nil && timeout == 0 {
					return 0, nil
				}
				return n, err
			}
		}, "completion/close-wait"},
	}
}
