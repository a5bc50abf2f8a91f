package resolve

import (
	"sync"
	"time"
)

// succession asks strategies one after the other on behalf of one query, which it has accepted.
type succession struct {
	q *Query

	mu    sync.Mutex
	inner *Query // the query in flight below
	ended bool   // q was canceled or has timed out
}

// stop cancels the query in flight. It is the stop function of q.
func (s *succession) stop() {
	s.mu.Lock()
	s.ended = true
	inner := s.inner
	s.mu.Unlock()
	if inner != nil {
		inner.Cancel()
	}
}

// ask starts a query of its own with next, which calls hook with the result. It returns false, and
// asks nothing, if q has ended.
func (s *succession) ask(next Strategy, deadline time.Time, hook func(*Query, Answer, error)) bool {
	inner := &Query{Question: s.q.Question, Deadline: deadline}
	inner.OnFinish(hook)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return false
	}
	s.inner = inner
	s.mu.Unlock()
	// A Cancel before Start makes Start complete the query at once.
	next.Start(inner)
	return true
}

// isAnswer reports whether a query with this error has an answer, possibly a negative one.
func isAnswer(err error) bool { return err == nil || isNegative(err) }

// closeAll closes every strategy and returns the first error.
func closeAll(strategies []Strategy) error {
	var first error
	for _, s := range strategies {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
