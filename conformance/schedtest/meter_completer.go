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

// NewBuffers implements queue.Completer. It keeps the buffers for lent.
func (m completerMeter) NewBuffers(count, size int) (queue.Buffers, error) {
	b, err := m.operator.NewBuffers(count, size)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.buffers = append(m.buffers, b)
	}
	return b, err
}

// lent returns how many buffers of the queues of the loops hold bytes.
func (r *Fixture) lent() int {
	n := 0
	for _, m := range r.queues {
		m.mu.Lock()
		for _, b := range m.buffers {
			n += b.Lent()
		}
		m.mu.Unlock()
	}
	return n
}
