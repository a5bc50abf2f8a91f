package resolve

import (
	"sync"
	"time"
)

// Query is one question in flight. Fill in the exported fields, hand it to [Strategy.Start], and
// leave the fields alone until Done has been called. A Query is used once and must not be copied.
type Query struct {
	Question Question
	Deadline time.Time // after which it completes with [ErrTimeout]; zero for none. It costs a timer.
	Inbox    *Inbox    // of the thread that wants the completion
	// Done gets the answer or the error. Exactly one call is made, by [Inbox.Run] on the thread
	// that calls it. Done may start and cancel queries.
	Done func(Answer, error)

	mu     sync.Mutex
	state  queryState                    // guarded by mu
	abort  error                         // guarded by mu; set by a Cancel that came before Start
	stop   func()                        // guarded by mu; set by Accept
	timer  *time.Timer                   // guarded by mu
	hooks  []func(*Query, Answer, error) // written until Accept, read afterwards
	answer Answer                        // written by the one winner of finish, read by deliver
	err    error                         // as answer

	next *Query // in the inbox; guarded by Inbox.mu

	// For the strategy that accepted the query: its place in a list. Guarded by that strategy's
	// mutex.
	place place
}

// place is a link of a doubly linked list of queries.
type place struct {
	prev, next *Query
	in         *queryList
}

// queryState moves one way only: fresh to running by Accept, running to finished by whoever comes
// first.
type queryState uint8

const (
	queryFresh queryState = iota
	queryRunning
	queryFinished
)

// Cancel asks the query to end. It reports whether Done will get [ErrCanceled] because of this or
// an earlier call; false means that the query had finished, and Done gets, or has got, that result.
// A query canceled before Start completes when it is started. Cancel may be called by any
// goroutine, more than once, and in Done.
func (q *Query) Cancel() bool { return q.end(ErrCanceled) }

func (q *Query) end(cause error) bool {
	q.mu.Lock()
	if q.state == queryFresh {
		if q.abort == nil {
			q.abort = cause
		}
		q.mu.Unlock()
		return true
	}
	q.mu.Unlock()
	return q.finish(Answer{}, q.failure(cause), true) || q.endedBy(cause)
}

func (q *Query) endedBy(cause error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, ok := q.err.(*Error)
	return ok && e.Op == opQuery && e.Err == cause
}

const opQuery = "query"

func (q *Query) failure(cause error) error {
	return &Error{Op: opQuery, Question: q.Question, Err: cause}
}

// OnFinish is for decorators: hook is called when the query finishes, whoever finishes it, before
// the completion goes to the inbox. It runs on any goroutine, possibly inside Start, and must not
// block. Hooks run last added first. OnFinish must be called before the query is passed on.
func (q *Query) OnFinish(hook func(*Query, Answer, error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != queryFresh {
		panic("resolve: OnFinish after the query was accepted: a Query is started once")
	}
	q.hooks = append(q.hooks, hook)
}

// Accept is for strategies, which call it once in Start before anything else. It reports whether
// the query is to be answered; if not, the query has completed already (it was canceled, its
// deadline has passed, it has no name), and the strategy must forget it. When the query is canceled
// or times out later, stop is called once, on any goroutine, if it is not nil.
func (q *Query) Accept(stop func()) bool {
	if q.Inbox == nil && len(q.hooks) == 0 || q.Inbox != nil && q.Done == nil {
		panic("resolve: a Query needs an Inbox and Done")
	}
	q.mu.Lock()
	if q.state != queryFresh {
		q.mu.Unlock()
		panic("resolve: a Query is started once")
	}
	q.state = queryRunning
	cause := q.abort
	if cause == nil && q.Question.Name.IsZero() {
		cause = ErrName
	}
	if cause == nil && !q.Deadline.IsZero() {
		if d := time.Until(q.Deadline); d > 0 {
			q.timer = time.AfterFunc(d, func() { q.end(ErrTimeout) })
		} else {
			cause = ErrTimeout
		}
	}
	q.stop = stop
	q.mu.Unlock()
	if cause != nil {
		q.finish(Answer{}, q.failure(cause), false)
	}
	return cause == nil
}

// Finish is for strategies: it completes an accepted query. It reports whether this call was the
// one that did; a query that was canceled or has timed out keeps that result.
func (q *Query) Finish(a Answer, err error) bool { return q.finish(a, err, false) }

// Finished reports whether the query has a result. Nothing can be concluded from false but that it
// had none.
func (q *Query) Finished() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state == queryFinished
}

func (q *Query) finish(a Answer, err error, stopIt bool) bool {
	q.mu.Lock()
	if q.state != queryRunning {
		q.mu.Unlock()
		return false
	}
	q.state, q.answer, q.err = queryFinished, a, err
	stop, timer := q.stop, q.timer
	q.stop, q.timer = nil, nil
	q.mu.Unlock()

	if timer != nil {
		timer.Stop()
	}
	// The strategy lets go of the query before its owner hears of the end.
	if stopIt && stop != nil {
		stop()
	}
	for i := len(q.hooks) - 1; i >= 0; i-- {
		q.hooks[i](q, a, err)
	}
	if q.Inbox != nil {
		q.Inbox.put(q)
	}
	return true
}

// queryList is a list of queries, linked through themselves. Guarded by the mutex of the strategy
// that has it.
type queryList struct {
	head, tail *Query
	n          int
}

func (l *queryList) pushBack(q *Query) {
	q.place = place{prev: l.tail, in: l}
	if l.tail == nil {
		l.head = q
	} else {
		l.tail.place.next = q
	}
	l.tail = q
	l.n++
}

// remove takes q out if it is in l, and reports whether it was.
func (l *queryList) remove(q *Query) bool {
	if q.place.in != l {
		return false
	}
	if q.place.prev == nil {
		l.head = q.place.next
	} else {
		q.place.prev.place.next = q.place.next
	}
	if q.place.next == nil {
		l.tail = q.place.prev
	} else {
		q.place.next.place.prev = q.place.prev
	}
	q.place = place{}
	l.n--
	return true
}

func (l *queryList) popFront() *Query {
	q := l.head
	if q != nil {
		l.remove(q)
	}
	return q
}
