package streamtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// spy is a Waiter that reports when its callers begin to wait, so a case need not guess how long
// that takes.
type spy struct {
	under  stream.Waiter
	waits  [2]atomic.Int64 // number of waits that have begun, by direction
	inside [2]atomic.Int64 // number of waits that have begun and not ended, by direction
	open   atomic.Int64    // number of open registrations
	most   atomic.Int64    // the most that were open at once

	selects atomic.Int64 // number of waits of a Select that have begun
	moved   atomic.Int64 // number of transfers that have begun

	mu    sync.Mutex
	begun chan struct{} // closed and replaced by tell; guarded by mu
	told  time.Time     // when tell was last called; guarded by mu
}

func newSpy(under stream.Waiter) *spy { return &spy{under: under, begun: make(chan struct{})} }

// idle returns for how long no wait has begun, and no registration was opened or closed.
func (s *spy) idle() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.told)
}

func (s *spy) Register(h sys.Handle) (stream.Source, error) {
	r, err := s.under.Register(h)
	if err != nil {
		return nil, err
	}
	s.tell(func() { s.most.Store(max(s.most.Load(), s.open.Add(1))) })
	return &spySource{Source: r, spy: s}, nil
}

// signal returns a channel that is closed when the next wait begins, or when a registration is
// opened or closed.
func (s *spy) signal() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

func (s *spy) String() string {
	return fmt.Sprintf("%d registrations are open; %d waits for reading, %d for writing and %d selects have begun",
		s.open.Load(), s.waits[sys.Readable].Load(), s.waits[sys.Writable].Load(), s.selects.Load())
}

type spySource struct {
	stream.Source
	spy    *spy
	closed atomic.Bool
}

func (r *spySource) Wait(d sys.Direction, deadline time.Time) error {
	r.spy.tell(func() { r.spy.waits[d].Add(1) })
	r.spy.inside[d].Add(1)
	defer r.spy.inside[d].Add(-1)
	return r.Source.Wait(d, deadline)
}

// tell makes a change that other goroutines observe.
func (s *spy) tell(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.told = time.Now()
	close(s.begun)
	s.begun = make(chan struct{})
}

func (r *spySource) unwrap() stream.Source { return r.Source }

// selectingSpy is a spy on a Selector.
type selectingSpy struct{ *spy }

func (s selectingSpy) NewSelect() stream.Select {
	return &spySelect{Select: s.under.(stream.Selector).NewSelect(), spy: s.spy}
}

type spySelect struct {
	stream.Select
	spy *spy
}

func (s *spySelect) Wait(wanted []stream.Readiness, deadline time.Time) error {
	s.spy.tell(func() {
		s.spy.selects.Add(1)
		for _, r := range wanted {
			s.spy.waits[r.Direction].Add(1)
		}
	})
	return s.Select.Wait(unwrapped(wanted), deadline)
}

// unwrapped removes the outermost decorator, if any, from each registration: a Select knows only
// those of its own Waiter.
func unwrapped(wanted []stream.Readiness) []stream.Readiness {
	var under []stream.Readiness
	for _, r := range wanted {
		if d, ok := r.Source.(interface{ unwrap() stream.Source }); ok {
			r.Source = d.unwrap()
		}
		under = append(under, r)
	}
	return under
}

func (r *spySource) Close() error {
	if r.closed.CompareAndSwap(false, true) {
		r.spy.tell(func() { r.spy.open.Add(-1) })
	}
	return r.Source.Close()
}

// Suspend is that of the source. If the source lacks it, a caller that may be blocked is blocked.
func (r *spySource) Suspend(start func(resume func())) error {
	if s, ok := r.Source.(stream.Suspender); ok {
		return s.Suspend(start)
	}
	if !r.MayBlock() {
		return stream.ErrBusy
	}
	resumed := make(chan struct{})
	start(func() { close(resumed) })
	<-resumed
	return nil
}

// YieldIfSpent does nothing if the Source lacks it.
func (r *spySource) YieldIfSpent() error {
	y, ok := r.Source.(stream.Yielder)
	if !ok {
		return nil
	}
	return y.YieldIfSpent()
}

// Yield does nothing if the Source lacks it.
func (r *spySource) Yield() error {
	y, ok := r.Source.(stream.Yielder)
	if !ok {
		return nil
	}
	return y.Yield()
}

func (r *spySource) MayBlock() bool {
	b, ok := r.Source.(stream.MayBlocker)
	return !ok || b.MayBlock()
}

// Transfer is that of the source. A source that lacks it only reports readiness.
func (r *spySource) Transfer() stream.Transfer {
	t := transferOf(r.Source)
	if t != nil {
		r.spy.moved.Add(1)
	}
	return t
}

// transferOf returns the Transfer of a source, or nil if the source only reports readiness.
func transferOf(s stream.Source) stream.Transfer {
	if t, ok := s.(stream.Transferrer); ok {
		return t.Transfer()
	}
	return nil
}
