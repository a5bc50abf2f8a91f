package resolve

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// MaxFallback bounds the strategies of a [Fallback] and of a [Race].
const MaxFallback = 16

// FallbackOptions sets when a [Fallback] asks its next strategy.
type FallbackOptions struct {
	// If reports whether the failure err of q is a reason to ask the next strategy. nil means
	// [FallsBack]. Any number of goroutines may call it at once.
	If func(q Question, err error) bool
	// Timeout is how long each strategy except the last may take. Without it, a strategy that never
	// answers uses up the deadline of the query. Zero for no bound. It uses a timer.
	Timeout time.Duration
}

// FallsBack reports whether err is a failure that another strategy may not have: anything except a
// negative answer, a refused answer ([ErrFiltered]), a malformed name and a cancellation.
func FallsBack(_ Question, err error) bool {
	return !isAnswer(err) && !errors.Is(err, ErrCanceled) && !errors.Is(err, ErrName) && !errors.Is(err, ErrFiltered)
}

// FallbackStats holds the counters of a [Fallback].
type FallbackStats struct {
	Queries   uint64 // started
	Fallbacks uint64 // failures after which the next strategy was asked
	Failures  uint64 // queries that failed with the last strategy
}

// Fallback asks its first strategy, and the next one after a failure. A negative answer is an
// answer and not a failure. If every strategy fails, the query gets the failure of the last.
//
// The next strategy starts on the goroutine that reports the failure. If it is a [Blocking], that
// goroutine waits for its lookup.
type Fallback struct {
	options    FallbackOptions
	strategies []Strategy

	queries, fallbacks, failures atomic.Uint64
}

// NewFallback returns a Fallback that asks strategies in this order and owns them. It returns an
// error for none, for more than [MaxFallback], and for a negative timeout.
func NewFallback(options FallbackOptions, strategies ...Strategy) (*Fallback, error) {
	if n := len(strategies); n < 1 || n > MaxFallback {
		return nil, fmt.Errorf("resolve: fallback: %d strategies: want 1 to %d", n, MaxFallback)
	}
	if options.Timeout < 0 {
		return nil, fmt.Errorf("resolve: fallback: timeout %v: want 0 or more", options.Timeout)
	}
	if options.If == nil {
		options.If = FallsBack
	}
	return &Fallback{options: options, strategies: slices.Clone(strategies)}, nil
}

// Try calls Try of the first strategy, and of the next one after a failure. It returns
// [ErrWouldBlock] if a strategy that is due would block.
func (f *Fallback) Try(q Question) (Answer, error) {
	a, err := f.strategies[0].Try(q)
	for _, s := range f.strategies[1:] {
		if isAnswer(err) || errors.Is(err, ErrWouldBlock) || !f.options.If(q, err) {
			break
		}
		a, err = s.Try(q)
	}
	return a, err
}

// Start starts the query with the first strategy.
func (f *Fallback) Start(q *Query) {
	s := &succession{q: q}
	if !q.Accept(s.stop) {
		return
	}
	f.queries.Add(1)
	f.ask(s, 0)
}

func (f *Fallback) ask(s *succession, i int) {
	last := i == len(f.strategies)-1
	var deadline time.Time
	if f.options.Timeout > 0 && !last {
		deadline = time.Now().Add(f.options.Timeout)
	}
	s.ask(f.strategies[i], deadline, func(_ *Query, a Answer, err error) {
		switch {
		case isAnswer(err) || s.q.Finished():
		case last:
			f.failures.Add(1)
		case f.options.If(s.q.Question, err):
			f.fallbacks.Add(1)
			f.ask(s, i+1)
			return
		}
		s.q.Finish(a, err)
	})
}

// Stats returns the counters.
func (f *Fallback) Stats() FallbackStats {
	return FallbackStats{Queries: f.queries.Load(), Fallbacks: f.fallbacks.Load(), Failures: f.failures.Load()}
}

// Close closes every strategy, which completes the queries in flight.
func (f *Fallback) Close() error { return closeAll(f.strategies) }
