package resolvetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// events is an observer that writes a line per call.
type events struct {
	mu    sync.Mutex
	lines []string
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, fmt.Sprintf(format, args...))
}

func (e *events) Tried(q resolve.Question, _ resolve.Answer, err error) {
	e.add("tried %v: %v", q, resolve.OutcomeOf(err))
}
func (e *events) Started(q resolve.Question) { e.add("started %v", q) }
func (e *events) Finished(q resolve.Question, took time.Duration, _ resolve.Answer, err error) {
	e.add("finished %v after %v: %v", q, took, resolve.OutcomeOf(err))
}

// saw fails the case unless these were the calls.
func (e *events) saw(t T, want ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.lines, want) {
		t.Errorf("got calls %q, want %q", e.lines, want)
	}
	e.lines = nil
}

func observeCases() []Case {
	one := a("one.example")
	return []Case{
		{ID: "observe/calls", Doc: "resolve.Observer", Rule: "The observer is called before a query goes down, and once when it has finished, with the time between.", Needs: needs(Observe),
			Run: func(t T, p Fixture) {
				seen, clock := &events{}, newClock()
				f := decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) {
					return p.Observe(seen, clock.Now, first), nil
				})
				c := f.start(one)
				seen.saw(t, "started A one.example")
				clock.advance(3 * time.Millisecond)
				f.first.finish(0, answer(one, "192.0.2.1"), nil)
				seen.saw(t, "finished A one.example after 3ms: answered")
				f.owner.await(c)
				seen.saw(t)
			}},
		{ID: "observe/canceled", Doc: "resolve.Observer", Rule: "A canceled query is reported as canceled, once.", Needs: needs(Observe), Run: func(t T, p Fixture) {
			seen, clock := &events{}, newClock()
			f := decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) {
				return p.Observe(seen, clock.Now, first), nil
			})
			c := f.start(one)
			c.Cancel()
			f.first.finish(0, answer(one, "192.0.2.1"), nil)
			f.owner.await(c)
			seen.saw(t, "started A one.example", "finished A one.example after 0s: canceled")
		}},
		{ID: "observe/tried", Doc: "resolve.Observer", Rule: "An answer that Try returns is reported, and a Try that would block is not.", Needs: needs(Observe), Run: func(t T, p Fixture) {
			seen := &events{}
			f := decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) { return p.Observe(seen, nil, first), nil })
			_, _ = f.strat.Try(one)
			f.first.try = fixed
			_, _ = f.strat.Try(one)
			f.first.try = func(q resolve.Question) (resolve.Answer, error) {
				return resolve.Answer{}, failure(q, resolve.ErrNoData)
			}
			_, _ = f.strat.Try(one)
			seen.saw(t, "tried A one.example: answered", "tried A one.example: no data")
		}},
		{ID: "observe/stats", Doc: "resolve.Stats", Rule: "Stats counts each query once, under its outcome, and the queries in flight.", Needs: needs(Observe), Run: func(t T, p Fixture) {
			stats, clock := &resolve.Stats{}, newClock()
			f := decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) {
				return p.Observe(stats, clock.Now, first), nil
			})
			causes := []error{nil, resolve.ErrNotFound, resolve.ErrNoData, resolve.ErrServFail, resolve.ErrTimeout, resolve.ErrCanceled, resolve.ErrQueueFull}
			for i, cause := range causes {
				c := f.start(one)
				if got := stats.Snapshot().InFlight; got != 1 {
					t.Errorf("in flight: got %d, want 1", got)
				}
				clock.advance(time.Millisecond)
				if cause == nil {
					f.first.finish(i, answer(one, "192.0.2.1"), nil)
				} else {
					f.first.finish(i, resolve.Answer{}, failure(one, cause))
				}
				f.owner.await(c)
			}
			s := stats.Snapshot()
			for o, n := range s.Outcomes {
				if n != 1 {
					t.Errorf("%v: got %d, want 1", resolve.Outcome(o), n)
				}
			}
			if s.Started != uint64(len(causes)) || s.InFlight != 0 || s.Latency.Count() != uint64(len(causes))-1 {
				t.Errorf("got %d started, %d in flight, %d latencies, want %d, 0, %d", s.Started, s.InFlight, s.Latency.Count(), len(causes), len(causes)-1)
			}
			if q := s.Latency.Quantile(0.5); q < time.Millisecond || q > 1300*time.Microsecond {
				t.Errorf("median of 1 ms: got %v, want 1 ms to 1.3 ms", q)
			}
		}},
	}
}
