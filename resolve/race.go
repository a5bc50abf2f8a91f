package resolve

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Race asks all its strategies at once. The first answer wins, even a negative one, and the other
// strategies are canceled. The query fails only after every strategy has failed. It then gets the
// failure of the strategy that comes first in the order of NewRace.
//
// Start starts them in that order. It leaves out the rest if one of them completes at once. Each
// query costs as many questions as there are strategies: [Hedge] costs fewer.
type Race struct{ strategies []Strategy }

// NewRace returns a Race of strategies, which it owns. It returns an error for none and for more
// than [MaxFallback].
func NewRace(strategies ...Strategy) (*Race, error) {
	if n := len(strategies); n < 1 || n > MaxFallback {
		return nil, fmt.Errorf("resolve: race: %d strategies: want 1 to %d", n, MaxFallback)
	}
	return &Race{slices.Clone(strategies)}, nil
}

// Try calls Try of each strategy until one has an answer. It returns [ErrWouldBlock] if there is no
// answer and not all have failed.
func (r *Race) Try(q Question) (Answer, error) {
	var failure error
	blocks := false
	for _, s := range r.strategies {
		a, err := s.Try(q)
		switch {
		case isAnswer(err):
			return a, err
		case errors.Is(err, ErrWouldBlock):
			blocks = true
		case failure == nil:
			failure = err
		}
	}
	if blocks {
		return Answer{}, ErrWouldBlock
	}
	return Answer{}, failure
}

// raced is one query of a Race.
type raced struct {
	q       *Query
	queries []Query // one per strategy

	mu      sync.Mutex
	pending int   // strategies that have not failed
	won     bool  // an answer has arrived
	failed  int   // the strategy that failure is from
	failure error // of the first strategy, in their order, among those that have failed
}

// Start starts the query with every strategy.
func (r *Race) Start(q *Query) {
	n := len(r.strategies)
	f := &raced{q: q, queries: make([]Query, n), pending: n}
	for i := range f.queries {
		f.queries[i].Question = q.Question
		f.queries[i].OnFinish(func(_ *Query, a Answer, err error) { f.land(i, a, err) })
	}
	if !q.Accept(f.cancel) {
		return
	}
	for i, s := range r.strategies {
		if q.Finished() {
			return
		}
		s.Start(&f.queries[i])
	}
}

// cancel ends the queries of all strategies, also of those not started yet.
func (f *raced) cancel() {
	for i := range f.queries {
		f.queries[i].Cancel()
	}
}

func (f *raced) land(i int, a Answer, err error) {
	f.mu.Lock()
	if f.won {
		f.mu.Unlock()
		return
	}
	if f.won = isAnswer(err); f.won {
		f.mu.Unlock()
		f.q.Finish(a, err)
		f.cancel()
		return
	}
	if f.failure == nil || i < f.failed {
		f.failed, f.failure = i, err
	}
	f.pending--
	failure := f.failure
	last := f.pending == 0
	f.mu.Unlock()
	if last {
		f.q.Finish(Answer{}, failure)
	}
}

// Close closes every strategy, which completes the queries in flight.
func (r *Race) Close() error { return closeAll(r.strategies) }
