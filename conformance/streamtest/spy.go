package streamtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// spy is a Waiter that tells when its callers begin to wait, so that a case need not guess how long that takes.
type spy struct {
	under stream.Waiter
	waits [2]atomic.Int64 // how many waits have begun, by direction
	open  atomic.Int64    // registrations that are not closed

	mu    sync.Mutex
	begun chan struct{} // closed, and made anew, when a wait begins; guarded by mu
}

func newSpy(under stream.Waiter) *spy { return &spy{under: under, begun: make(chan struct{})} }

func (s *spy) Register(h sys.Handle) (stream.Registration, error) {
	r, err := s.under.Register(h)
	if err != nil {
		return nil, err
	}
	s.open.Add(1)
	return &spyRegistration{Registration: r, spy: s}, nil
}

// signal returns a channel that is closed when the next wait begins.
func (s *spy) signal() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

type spyRegistration struct {
	stream.Registration
	spy    *spy
	closed atomic.Bool
}

func (r *spyRegistration) Wait(d sys.Direction, deadline time.Time) error {
	r.spy.mu.Lock()
	r.spy.waits[d].Add(1)
	close(r.spy.begun)
	r.spy.begun = make(chan struct{})
	r.spy.mu.Unlock()
	return r.Registration.Wait(d, deadline)
}

func (r *spyRegistration) Close() error {
	if r.closed.CompareAndSwap(false, true) {
		r.spy.open.Add(-1)
	}
	return r.Registration.Close()
}

func (r *spyRegistration) MayBlock() bool {
	b, ok := r.Registration.(interface{ MayBlock() bool })
	return !ok || b.MayBlock()
}
