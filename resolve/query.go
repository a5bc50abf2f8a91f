package resolve

import (
	"slices"
	"sync"
	"time"
)

// Query is one question in flight. The caller sets the exported fields, passes it to
// [Strategy.Start], and does not touch the fields until Done has been called. A Query must not be
// used twice or copied.
type Query struct {
	Question Question
	Deadline time.Time // when the query completes with [ErrTimeout]; zero for none. It uses a timer.
	Inbox    *Inbox    // the inbox of the thread that gets the completion
	// Done gets the answer or the error. [Inbox.Run] calls it exactly once, on the thread that
	// calls Run. Done may start and cancel queries.
	Done func(Answer, error)

	mu     sync.Mutex
	state  queryState        // guarded by mu
	hooked uint8             // hooks in use; written before Accept, read afterwards
	mark   uint32            // guarded by the strategy that accepted the query
	stop   func(*Query)      // guarded by mu; set by Accept
	timer  *time.Timer       // guarded by mu
	hooks  [hooksInline]hook // like hooked
	more   *[]hook           // like hooked: the hooks that did not fit
	answer Answer            // written by the finish that succeeds, read by Run
	err    error             // like answer; before Start, the cause of an early Cancel

	next *Query // in the inbox; guarded by Inbox.mu

	// The query's place in a list of the strategy that accepted it. Guarded by that strategy's
	// mutex.
	place place
}

// hooksInline is the number of hooks that a Query holds without an allocation: more than the usual
// chain of decorators has.
const hooksInline = 2

// hook gets the result of a query. A decorator implements it on an object that it has anyway, so
// that a hook needs no closure.
type hook interface {
	finished(q *Query, a Answer, err error)
}

type hookFunc func(*Query, Answer, error)

func (f hookFunc) finished(q *Query, a Answer, err error) { f(q, a, err) }

// place is a link of a doubly linked list of queries.
type place struct {
	prev, next *Query
	in         *queryList
}

// queryState moves in one direction: Accept moves it from fresh to running, and the first call of
// finish from running to finished.
type queryState uint8

const (
	queryFresh queryState = iota
	queryRunning
	queryFinished
)

// Cancel asks the query to end. It returns true if Done gets [ErrCanceled] because of this or an
// earlier call. It returns false if the query had already finished; Done gets, or has got, that
// result. A query canceled before Start completes when it is started. Any goroutine may call
// Cancel, more than once, and so may Done.
func (q *Query) Cancel() bool { return q.end(ErrCanceled) }

func (q *Query) end(cause error) bool {
	q.mu.Lock()
	if q.state == queryFresh {
		if q.err == nil {
			q.err = cause
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

// OnFinish is for decorators. hook is called when the query finishes, whatever finishes it, before
// the completion goes to the inbox. It runs on any goroutine, possibly inside Start, and must not
// block. The hook added last runs first. A decorator must call OnFinish before it passes the query
// on.
//
// The first two hooks of a query need no allocation.
func (q *Query) OnFinish(hook func(*Query, Answer, error)) { q.onFinish(hookFunc(hook)) }

func (q *Query) onFinish(h hook) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != queryFresh {
		panic("resolve: OnFinish: query already accepted: call it before Start")
	}
	if int(q.hooked) < len(q.hooks) {
		q.hooks[q.hooked] = h
		q.hooked++
		return
	}
	if q.more == nil {
		q.more = new([]hook)
	}
	*q.more = append(*q.more, h)
}

// Accept is for strategies, which call it once in Start before any other method. It returns true if
// the strategy must answer the query. If it returns false, the strategy must forget the query,
// which has already completed: it was canceled, its deadline has passed, or it has no name. If the
// query is canceled or times out later, stop is called once, on any goroutine, unless it is nil.
func (q *Query) Accept(stop func()) bool {
	if stop == nil {
		return q.AcceptFunc(nil)
	}
	return q.AcceptFunc(func(*Query) { stop() })
}

// AcceptFunc is like Accept. Its stop gets the query, so that a strategy can create one function
// for all queries: AcceptFunc does not allocate, except for a deadline.
func (q *Query) AcceptFunc(stop func(*Query)) bool {
	if q.Inbox == nil && q.hooked == 0 || q.Inbox != nil && q.Done == nil {
		panic("resolve: start: query without Inbox or Done: set both")
	}
	q.mu.Lock()
	if q.state != queryFresh {
		q.mu.Unlock()
		panic("resolve: start: query already started: use a new Query")
	}
	q.state = queryRunning
	cause := q.err
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

// SetMark is for the strategy that accepted the query: it keeps a number, such as the index of the
// strategy's own state. That strategy guards it.
func (q *Query) SetMark(n uint32) { q.mark = n }

// Mark returns the number of SetMark, or zero.
func (q *Query) Mark() uint32 { return q.mark }

// Finish is for strategies: it completes an accepted query. It returns true if this call completed
// the query. A query that was canceled or has timed out keeps that result.
func (q *Query) Finish(a Answer, err error) bool { return q.finish(a, err, false) }

// Finished reports whether the query has a result. False means only that it had none at the time of
// the call.
func (q *Query) Finished() bool {
	q.mu.Lock()
	state := q.state
	q.mu.Unlock()
	return state == queryFinished
}

// Settle is for strategies that complete queries while they hold a mutex. It is the first half of
// Finish: it sets the result, and calls no function. If it returns true, the strategy calls Deliver
// after it has released its mutex.
func (q *Query) Settle(a *Answer, err error) bool {
	q.mu.Lock()
	running := q.state == queryRunning
	if running {
		q.state, q.answer, q.err = queryFinished, *a, err
	}
	q.mu.Unlock()
	return running
}

// Deliver is the second half of Finish, after a Settle that returned true.
func (q *Query) Deliver() { q.deliver(false) }

func (q *Query) finish(a Answer, err error, stopIt bool) bool {
	if !q.Settle(&a, err) {
		return false
	}
	q.deliver(stopIt)
	return true
}

// deliver passes the result on. Only the goroutine that has set it calls deliver, so it needs no
// lock: Accept has set stop and timer before.
func (q *Query) deliver(stopIt bool) {
	stop, timer := q.stop, q.timer
	q.stop, q.timer = nil, nil
	if timer != nil {
		timer.Stop()
	}
	// The strategy must release the query before the query's owner is notified.
	if stopIt && stop != nil {
		stop(q)
	}
	if q.more != nil {
		for _, h := range slices.Backward(*q.more) {
			h.finished(q, q.answer, q.err)
		}
	}
	for _, h := range slices.Backward(q.hooks[:q.hooked]) {
		h.finished(q, q.answer, q.err)
	}
	if q.Inbox != nil {
		q.Inbox.put(q)
	}
}

// queryList is a list of queries, linked through themselves. Guarded by the mutex of its strategy.
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

// remove removes q if it is in l, and reports whether it was.
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
