package resolve

import (
	"errors"
	"time"
)

// Observer gets the queries that pass an [Observe]. Its methods must not block, and any number of
// goroutines may call them at once. [Stats] is an Observer.
type Observer interface {
	// Tried is called for each Try that returned anything except [ErrWouldBlock].
	Tried(q Question, a Answer, err error)
	// Started is called before the next strategy gets a query.
	Started(q Question)
	// Finished is called once for each started query, before its completion goes to the inbox. took
	// is the time since Started.
	Finished(q Question, took time.Duration, a Answer, err error)
}

// Observe calls an [Observer] for what passes between the strategies around it and below it. It
// changes nothing. Where it is put decides what it sees: above a [Cache] the queries of the
// program, below it those that go to the servers.
type Observe struct {
	next     Strategy
	observer Observer
	clock    func() time.Time
}

// NewObserve returns an Observe in front of next. clock may be nil for time.Now.
func NewObserve(observer Observer, clock func() time.Time, next Strategy) *Observe {
	if clock == nil {
		clock = time.Now
	}
	return &Observe{next, observer, clock}
}

// Try calls Try of the next strategy.
func (o *Observe) Try(q Question) (Answer, error) {
	a, err := o.next.Try(q)
	if !errors.Is(err, ErrWouldBlock) {
		o.observer.Tried(q, a, err)
	}
	return a, err
}

// Start starts the query with the next strategy.
func (o *Observe) Start(q *Query) {
	begin := o.clock()
	q.OnFinish(func(q *Query, a Answer, err error) {
		o.observer.Finished(q.Question, o.clock().Sub(begin), a, err)
	})
	o.observer.Started(q.Question)
	o.next.Start(q)
}

// Close closes the next strategy.
func (o *Observe) Close() error { return o.next.Close() }
