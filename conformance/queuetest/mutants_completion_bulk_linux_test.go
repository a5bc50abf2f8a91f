package queuetest

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// bulkMutants break only receives as large as those of the cases completion/bulk.
func bulkMutants() []completionMutant {
	return []completionMutant{
		{"the rest that does not fit is dropped", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpRecv && len(o.Data) >= bulkRoomMin && int(e.Result) == len(o.Data) {
					_, _ = sys.Recv(o.Handle, make([]byte, bulkRoomMax))
				}
				return true
			}
		}, "completion/bulk"},
		{"a receive begins twice", func(q *faultyCompleter) {
			const twin = queue.Token(1) << 62
			q.submit = func(op *queue.Op) (queue.OpID, error) {
				id, err := q.reallySubmit(op)
				if err == nil && op.Kind == queue.OpRecv && len(op.Data) >= bulkRoomMin {
					second := *op
					second.Token, second.Data = op.Token|twin, make([]byte, len(op.Data))
					_, err = q.reallySubmit(&second)
				}
				return id, err
			}
			q.completion = func(e *queue.Event, _ *flying) bool { return e.Token&twin == 0 }
		}, "completion/bulk"},
		{"a receive reports a byte that did not fit", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Kind == queue.OpRecv && len(o.Data) >= bulkRoomMin && int(e.Result) == len(o.Data) {
					e.Result++
				}
				return true
			}
		}, "completion/bulk"},
		{"the halves of a full buffer change places", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if p := lent(e, o); len(p) == bulkRoomMax/2 && int(e.Result) == len(p) {
					first := append([]byte(nil), p[:len(p)/2]...)
					copy(p[copy(p, p[len(p)/2:]):], first)
				}
				return true
			}
		}, "completion/bulk-buffers"},
		{"an idle receive with Multi holds a buffer", func(q *faultyCompleter) {
			q.lends(func(b *faultyBuffers) {
				b.lent = func() int {
					q.mu.Lock()
					defer q.mu.Unlock()
					n := b.Buffers.Lent()
					for _, o := range q.flying {
						if o.Multi && o.Buffers == queue.Buffers(b) && o.count == 0 && n < b.Count() {
							n++
						}
					}
					return n
				}
			})
		}, "completion/bulk-multi"},
		{"a canceled receive with Multi takes what comes next", func(q *faultyCompleter) {
			q.completion = func(e *queue.Event, o *flying) bool {
				if o.Multi && o.Buffers != nil && o.Buffers.Size() == bulkRoomMax/2 && e.Result == queue.ResultCanceled {
					_, _ = sys.Recv(o.Handle, make([]byte, bulkRoomMax))
				}
				return true
			}
		}, "completion/bulk-multi"},
	}
}
