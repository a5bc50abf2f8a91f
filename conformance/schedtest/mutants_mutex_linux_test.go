package schedtest

import (
	"context"
	"slices"
	"sync"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

// stackedLock serves its waiters last in, first out.
type stackedLock struct {
	mu    sync.Mutex
	stack []*func()
}

func (s *stackedLock) lock(m *sched.Mutex, t *sched.Task) error {
	if err := new(sched.Mutex).Lock(t); err != nil || m.TryLock() {
		return err
	}
	var place *func()
	err := t.Suspend(func(resume func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		place = &resume
		s.stack = append(s.stack, place)
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stack = slices.DeleteFunc(s.stack, func(f *func()) bool { return f == place })
	}
	return err
}

func (s *stackedLock) unlock(m *sched.Mutex) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.stack); n > 0 {
		(*s.stack[n-1])()
		s.stack = s.stack[:n-1]
		return
	}
	m.Unlock()
}

func mutexMutants() []suite.Mutant[*Fixture] {
	acquiring := func(acquire func(s *sched.Semaphore, t *sched.Task, n int) error) func(*operations) {
		return func(o *operations) { o.acquire = acquire }
	}
	return []suite.Mutant[*Fixture]{
		mutant("Lock locks nothing", func(o *operations) {
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				return new(sched.Mutex).Lock(t)
			}
			o.unlock = func(m *sched.Mutex) {
				if m.TryLock() {
					m.Unlock()
					panic("not locked")
				}
				m.Unlock()
			}
		}, "mutex/held-over-a-suspension"),
		mutant("Lock serves who came last", func(o *operations) {
			s := &stackedLock{}
			o.lock, o.unlock = s.lock, s.unlock
		}, "mutex/first-come"),
		mutant("a canceled Lock seems to have succeeded", func(o *operations) {
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				_ = m.Lock(t)
				return nil
			}
		}, "mutex/canceled"),
		mutant("a goroutine cannot unlock", func(o *operations) {
			var mu sync.Mutex
			lockers := map[*sched.Mutex]bool{}
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				mu.Lock()
				lockers[m] = t != nil && t.Name() == "locks"
				mu.Unlock()
				return m.Lock(t)
			}
			o.unlock = func(m *sched.Mutex) {
				mu.Lock()
				keeps := lockers[m]
				mu.Unlock()
				if !keeps {
					m.Unlock()
				}
			}
		}, "mutex/unlocked-by-another"),
		mutant("misuse of a lock goes unnoticed", func(o *operations) {
			o.lock = func(m *sched.Mutex, t *sched.Task) error {
				defer func() { _ = recover() }()
				return m.Lock(t)
			}
			o.unlock = func(m *sched.Mutex) {
				defer func() { _ = recover() }()
				m.Unlock()
			}
		}, "mutex/misuse"),
		mutant("Acquire takes nothing", acquiring(func(_ *sched.Semaphore, t *sched.Task, _ int) error {
			return new(sched.Mutex).Lock(t)
		}),
			"semaphore/bound"),
		mutant("a small request overtakes a big one", func(o *operations) {
			var mu sync.Mutex
			var big func() // resumes the big request, which gets in line after the small one
			o.acquire = func(s *sched.Semaphore, t *sched.Task, n int) error {
				if n == 2 {
					err := t.Suspend(func(resume func()) {
						mu.Lock()
						defer mu.Unlock()
						big = resume
					})
					if err != nil {
						return err
					}
					return s.Acquire(t, n)
				}
				err := s.Acquire(t, n)
				mu.Lock()
				defer mu.Unlock()
				if big != nil {
					big()
				}
				return err
			}
		}, "semaphore/not-overtaken"),
		mutant("a canceled request keeps its place", acquiring(func(s *sched.Semaphore, t *sched.Task, n int) error {
			if n != 2 || s.TryAcquire(n) {
				if n == 2 {
					return nil
				}
				return s.Acquire(t, n)
			}
			return t.Suspend(func(resume func()) {
				_ = t.Go(context.Background(), "in line", func(c *sched.Task) error {
					defer resume()
					return s.Acquire(c, n)
				})
			})
		}), "semaphore/canceled-lets-others-by"),
		mutant("misuse of a semaphore goes unnoticed", func(o *operations) {
			o.release = func(s *sched.Semaphore, n int) {
				defer func() { _ = recover() }()
				s.Release(n)
			}
		}, "semaphore/misuse"),
	}
}
