package schedtest

import "github.com/edgewise-go/edgewise/queue"

// completerMeter is a meter of a queue.Completer. Its counts include completions.
type completerMeter struct {
	*meter
	operator
}

// operator is the part of queue.Completer that queue.Queue lacks.
type operator interface {
	Submit(op *queue.Op) (queue.OpID, error)
	SubmitChain(ops []queue.Op, ids []queue.OpID) error
	Cancel(id queue.OpID) error
	NewBuffers(count, size int) (queue.Buffers, error)
}

// wrapped returns m as a queue that has the operations of the queue under it.
func (m *meter) wrapped() queue.Queue {
	if c, ok := m.Queue.(queue.Completer); ok {
		return completerMeter{m, c}
	}
	return m
}
