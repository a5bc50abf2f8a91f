package streamtest

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// selects changes every Select of a Fixture, and every registration if change is set.
func selects(change func(b *brokenWaiter) func(r *brokenSource)) func(f *Fixture) {
	return func(f *Fixture) {
		b := &brokenWaiter{Waiter: f.Waiter}
		registration := change(b)
		b.register = func(h sys.Handle) (stream.Source, error) {
			r, err := b.Waiter.Register(h)
			if err != nil || registration == nil {
				return r, err
			}
			broken := &brokenSource{Source: r, handle: h}
			registration(broken)
			return broken, nil
		}
		f.Waiter = b
	}
}

type selectWait = func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error

// selectWaits changes how every Select of a Fixture waits.
func selectWaits(wait selectWait) func(f *Fixture) {
	return selects(func(b *brokenWaiter) func(*brokenSource) {
		b.wait = wait
		return nil
	})
}

func selectMutants() []mutant {
	return []mutant{
		broken("a Select waits for the first alone", selectWaits(func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
			return s.Wait(wanted[:min(1, len(wanted))], deadline)
		}), "select/ready"),
		broken("any readiness ends a Select", selectWaits(func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
			if len(wanted) > 0 && !deadline.IsZero() {
				return nil
			}
			return s.Wait(wanted, deadline)
		}), "select/directions"),
		broken("the deadline of a Select comes early", selectWaits(func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
			if !deadline.IsZero() {
				return os.ErrDeadlineExceeded
			}
			return s.Wait(wanted, deadline)
		}), "select/deadline"),
		broken("a Wake before the wait is lost", selects(func(b *brokenWaiter) func(*brokenSource) {
			var waiting atomic.Bool
			b.wait = func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
				waiting.Store(true)
				defer waiting.Store(false)
				return s.Wait(wanted, deadline)
			}
			b.wake = func(s stream.Select) {
				if waiting.Load() {
					s.Wake()
				}
			}
			return nil
		}), "select/wake"),
		broken("every Wake counts", selects(func(b *brokenWaiter) func(*brokenSource) {
			var mu sync.Mutex
			left := map[stream.Select]int{} // wakes that have ended no wait; guarded by mu
			b.wait = func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
				err := s.Wait(wanted, deadline)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && left[s] > 0 {
					left[s]--
				}
				if left[s] > 0 {
					s.Wake()
				}
				return err
			}
			b.wake = func(s stream.Select) {
				mu.Lock()
				defer mu.Unlock()
				left[s]++
				s.Wake()
			}
			return nil
		}), "select/wake"),
		broken("an interrupt does not reach a Select", selects(func(b *brokenWaiter) func(*brokenSource) {
			return func(r *brokenSource) { r.interrupt = func(sys.Direction) {} }
		}), "select/interrupted"),
		broken("a Select goes on without what is closed", selectWaits(func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
			err := s.Wait(wanted, deadline)
			if err == net.ErrClosed {
				return nil
			}
			return err
		}), "select/registration-closed"),
		broken("a wait after a Select fails", selects(func(b *brokenWaiter) func(*brokenSource) {
			var selected sync.Map // of registrations
			b.wait = func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
				for _, w := range wanted {
					selected.Store(w.Source, true)
				}
				return s.Wait(wanted, deadline)
			}
			return func(r *brokenSource) {
				r.wait = func(d sys.Direction, deadline time.Time) error {
					if _, ok := selected.Load(r.Source); ok {
						return errBroken
					}
					return r.Source.Wait(d, deadline)
				}
			}
		}), "select/apart"),
		broken("a second Close of a Select fails", selects(func(b *brokenWaiter) func(*brokenSource) {
			var closed atomic.Bool
			b.close = func(s stream.Select) error {
				err := s.Close()
				if closed.Swap(true) {
					return errBroken
				}
				return err
			}
			return nil
		}), "select/closed"),
	}
}
