package schedtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// meter is a queue that counts waits and events, and adds spurious events on request.
type meter struct {
	queue.Queue
	events atomic.Int64
	waits  atomic.Int64
	until  atomic.Int64 // the timeout of the running Wait, one thread at a time; zero if none runs

	mu         sync.Mutex // guards the fields below
	registered map[sys.Handle]queue.Registration
	owners     map[queue.Token]sys.Handle // of all tokens so far
	reported   map[sys.Handle]int
	forge      []queue.Event
	hold       *keeper
	buffers    []queue.Buffers // of the operations of a loop
}

// keeper keeps the first Wait that has events from returning them.
type keeper struct{ held, release chan struct{} }

// holdEvents makes the next Wait that has events close held and then block until release is closed.
func (m *meter) holdEvents() *keeper {
	h := &keeper{make(chan struct{}), make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = h
	return h
}

func (m *meter) keep() {
	m.mu.Lock()
	h := m.hold
	m.hold = nil
	m.mu.Unlock()
	if h != nil {
		close(h.held)
		<-h.release
	}
}

// register records the last request for h.
func (m *meter) register(h sys.Handle, r queue.Registration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.registered == nil {
		m.registered = map[sys.Handle]queue.Registration{}
		m.owners, m.reported = map[queue.Token]sys.Handle{}, map[sys.Handle]int{}
	}
	m.registered[h], m.owners[r.Token] = r, h
}

func (m *meter) Add(h sys.Handle, r queue.Registration) error {
	m.register(h, r)
	return m.Queue.Add(h, r)
}

func (m *meter) Modify(h sys.Handle, r queue.Registration) error {
	m.register(h, r)
	return m.Queue.Modify(h, r)
}

func (m *meter) Delete(h sys.Handle) error {
	m.mu.Lock()
	delete(m.registered, h)
	m.mu.Unlock()
	return m.Queue.Delete(h)
}

// report makes a Wait report h, whatever its state.
func (m *meter) report(h sys.Handle, ready queue.Ready) error {
	m.mu.Lock()
	m.forge = append(m.forge, queue.Event{Token: m.registered[h].Token, Ready: ready})
	m.mu.Unlock()
	return m.Queue.Wake()
}

// reports returns how many events of h were reported.
func (m *meter) reports(h sys.Handle) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reported[h]
}

// has reports whether h is registered.
func (m *meter) has(h sys.Handle) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.registered[h]
	return ok
}

func (m *meter) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	m.waits.Add(1)
	m.until.Store(int64(timeout))
	n, err := m.Queue.Wait(events, timeout)
	m.until.Store(0)
	m.events.Add(int64(n))
	if n > 0 {
		m.keep()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range events[:n] {
		if h, ok := m.owners[e.Token]; ok {
			m.reported[h]++
		}
	}
	for err == nil && len(m.forge) > 0 && n < len(events) {
		events[n] = m.forge[0]
		m.forge = m.forge[1:]
		n++
	}
	return n, err
}
