package schedtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// meter is a queue that counts waits and events, and adds some for nothing when it is asked to.
type meter struct {
	queue.Queue
	events atomic.Int64
	waits  atomic.Int64

	mu     sync.Mutex // guards all below
	tokens map[sys.Handle]queue.Token
	forge  []queue.Event
}

func (m *meter) Add(h sys.Handle, r queue.Registration) error {
	m.mu.Lock()
	if m.tokens == nil {
		m.tokens = map[sys.Handle]queue.Token{}
	}
	m.tokens[h] = r.Token
	m.mu.Unlock()
	return m.Queue.Add(h, r)
}

// report has a Wait report h, whatever its state.
func (m *meter) report(h sys.Handle, ready queue.Ready) error {
	m.mu.Lock()
	m.forge = append(m.forge, queue.Event{Token: m.tokens[h], Ready: ready})
	m.mu.Unlock()
	return m.Queue.Wake()
}

func (m *meter) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	m.waits.Add(1)
	n, err := m.Queue.Wait(events, timeout)
	m.events.Add(int64(n))
	m.mu.Lock()
	defer m.mu.Unlock()
	for err == nil && len(m.forge) > 0 && n < len(events) {
		events[n] = m.forge[0]
		m.forge = m.forge[1:]
		n++
	}
	return n, err
}
