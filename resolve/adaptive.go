package resolve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// The bounds and defaults of [AdaptiveOptions].
const (
	MaxRoutes                    = 8
	DefaultAdaptiveBudget        = 50 * time.Microsecond
	DefaultAdaptiveMinSamples    = 200
	DefaultAdaptiveExplore       = 0.01
	DefaultAdaptiveMaxCompared   = 8
	DefaultAdaptiveMaxFailures   = 3
	DefaultAdaptiveProbeInterval = 5 * time.Second
	// MaxBlockingMiss is the longest time that the last slow lookup of a blocking route may have
	// taken. Above it an [Adaptive] does not use the route.
	MaxBlockingMiss = time.Millisecond
)

// ErrNoRoute means that no route of an [Adaptive] may answer the question.
var ErrNoRoute error = &sentinel{text: "no route for this question"}

// Route is one way for an [Adaptive] to answer questions.
type Route struct {
	Name     string   // unique, for statistics and [Adaptive.Sample]
	Strategy Strategy // owned by the Adaptive
	Blocking bool     // Start returns only after the lookup, as that of [Blocking]
	Records  bool     // it answers questions of other types than A and AAAA
	System   bool     // it uses the name services of the system, as getaddrinfo(3) does
}

// AdaptiveOptions sets the routes of an [Adaptive] and the rules between them. Zero fields mean the
// defaults.
type AdaptiveOptions struct {
	// Routes in the order of preference, 1 to [MaxRoutes]. At least one must not be Blocking.
	Routes []Route

	// AllowBlocking lets blocking routes run on the threads that call Start, within Budget.
	AllowBlocking bool
	Budget        time.Duration // the 99th percentile of the time that a blocking route may take

	MinSamples    int           // how many measurements a route needs before they decide
	Explore       float64       // the fraction of queries that measure another route; negative for none
	MaxCompared   int           // queries in flight up to which latencies are compared
	MaxFailures   int           // failures in a row, of different names, after which a route is down
	ProbeInterval time.Duration // between two copies of queries to a route that is down

	// NeedsSystem reports whether only the name services of the system can answer a question, and
	// why: for example a name in .local, which multicast DNS answers. nil means that no question
	// needs them. It must not block, and any number of goroutines may call it at once.
	NeedsSystem func(q Question) (needs bool, why string)

	Clock  func() time.Time // time.Now if nil
	Random func() float64   // from [0, 1), for Explore; math/rand/v2 if nil
}

// Adaptive answers each question by the route that has measured best in this process.
//
// It asks a question only by routes that may answer it. Questions that need the system go to System
// routes, those for records to Records routes. Without such a route they complete with
// [ErrNoRoute]. Among these routes the first is used, until a later one has answered in a time
// whose 95th percentile is lower by a fifth, over at least MinSamples answers each. A small
// fraction of the queries (Explore) goes to the route with the fewest measurements.
//
// Only queries that start while at most MaxCompared are in flight are compared and explored. Under
// load, a route that gets few of the queries would look faster than the one that bears the load.
//
// Start never blocks, unless AllowBlocking is set. Even then a blocking route is used only after
// MinSamples measurements, while the 99th percentile of its time is within Budget, and while its
// last lookup above Budget took at most [MaxBlockingMiss]. These measurements come from
// [Adaptive.Sample], which a [Pool] with the same lookup can call. A blocking route is never
// explored, probed or used for a retry otherwise.
//
// A query that fails on one route is asked again on the next, once on each. A negative answer is an
// answer and not a failure. A route is down after MaxFailures failures in a row for different
// names, after it was closed, or when the process has no descriptor left. Then it gets a copy of a
// query once per ProbeInterval, whose answer no caller waits for, and is used again after a
// success. A blocking route gets no copies: it is tried again after the interval.
//
// The choice depends only on the options, the measurements, the clock and the random source.
type Adaptive struct {
	options AdaptiveOptions

	mu       sync.Mutex
	routes   []*route
	inFlight int
	closed   bool
	stats    AdaptiveStats // without Routes and Decision
}

// NewAdaptive returns an Adaptive that owns the strategies of its routes.
func NewAdaptive(options AdaptiveOptions) (*Adaptive, error) {
	if n := len(options.Routes); n < 1 || n > MaxRoutes {
		return nil, fmt.Errorf("resolve: adaptive: %d routes: want 1 to %d", n, MaxRoutes)
	}
	if options.Budget < 0 || options.MinSamples < 0 || options.MaxFailures < 0 || options.ProbeInterval < 0 || options.MaxCompared < 0 || options.Explore > 1 {
		return nil, errors.New("resolve: adaptive: want no negative option, and Explore of at most 1")
	}
	orDefault(&options.Budget, DefaultAdaptiveBudget)
	orDefault(&options.MinSamples, DefaultAdaptiveMinSamples)
	orDefault(&options.Explore, DefaultAdaptiveExplore)
	orDefault(&options.MaxCompared, DefaultAdaptiveMaxCompared)
	orDefault(&options.MaxFailures, DefaultAdaptiveMaxFailures)
	orDefault(&options.ProbeInterval, DefaultAdaptiveProbeInterval)
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Random == nil {
		options.Random = rand.Float64
	}
	a := &Adaptive{options: options}
	names, free := map[string]bool{}, false
	for i, r := range options.Routes {
		if r.Name == "" || names[r.Name] || r.Strategy == nil {
			return nil, fmt.Errorf("resolve: adaptive: route %d, %q: want a unique name and a strategy", i, r.Name)
		}
		names[r.Name] = true
		free = free || !r.Blocking
		a.routes = append(a.routes, &route{Route: r, index: i})
	}
	if !free {
		return nil, errors.New("resolve: adaptive: every route blocks: want one that does not")
	}
	a.options.Routes = nil // in a.routes
	return a, nil
}

// orDefault sets a zero option.
func orDefault[V comparable](field *V, value V) {
	if *field == *new(V) {
		*field = value
	}
}

func (a *Adaptive) needsSystem(q Question) (bool, string) {
	if a.options.NeedsSystem == nil {
		return false, ""
	}
	return a.options.NeedsSystem(q)
}

// Try calls Try of each route that may answer the question, until one has an answer.
func (a *Adaptive) Try(q Question) (Answer, error) {
	system, _ := a.needsSystem(q)
	var failure error
	blocks := false
	for _, r := range a.routes {
		if !r.serves(q, system) {
			continue
		}
		answer, err := r.Strategy.Try(q)
		switch {
		case isAnswer(err):
			return answer, err
		case errors.Is(err, ErrWouldBlock):
			blocks = true
		case failure == nil:
			failure = err
		}
	}
	if blocks || failure == nil { // without a route, Start has the error
		return Answer{}, ErrWouldBlock
	}
	return Answer{}, failure
}

// Start starts the query on the best route.
func (a *Adaptive) Start(q *Query) {
	f := &adaptiveQuery{a: a, succession: succession{q: q}}
	q.OnFinish(f.ended)
	if !q.Accept(f.stop) {
		return
	}
	f.system, f.why = a.needsSystem(q.Question)
	a.mu.Lock()
	now := a.options.Clock()
	a.stats.Queries++
	a.inFlight++
	f.crowded = a.inFlight > a.options.MaxCompared
	if f.over { // canceled since Accept
		a.inFlight--
	}
	f.counted = true
	r := a.choose(f, now)
	r = a.explore(f, now, r)
	probes := a.due(f, now, r)
	a.mu.Unlock()
	if r == nil {
		q.Finish(Answer{}, &Error{Op: "adaptive", Question: q.Question, Err: ErrNoRoute})
		return
	}
	f.ask(r, now, true)
	for _, p := range probes {
		if p.old != nil {
			p.old.Cancel()
		}
		p.route.Strategy.Start(&p.query)
	}
}

// adaptiveQuery is one query of an Adaptive.
type adaptiveQuery struct {
	succession
	a      *Adaptive
	system bool   // only System routes may answer
	why    string // from NeedsSystem

	// Guarded by Adaptive.mu.
	asked   [MaxRoutes]bool // routes that have been asked
	last    *attempt        // nil before the first
	crowded bool            // it began while more than MaxCompared were in flight
	counted bool            // in Adaptive.inFlight
	over    bool            // it has a result
}

// attempt is one question to one route.
type attempt struct {
	route    *route
	begin    time.Time
	crowded  bool // its latency is not compared
	started  bool // Start of the route has returned, and thread is its time; or the time is of no interest
	caller   bool // Start ran on the thread that called Start of the Adaptive
	thread   time.Duration
	finished bool
	took     time.Duration
	err      error
}

// ask asks the question by route r.
func (f *adaptiveQuery) ask(r *route, now time.Time, caller bool) {
	t := &attempt{route: r, begin: now, started: !caller, caller: caller, crowded: f.crowded}
	f.a.mu.Lock()
	f.asked[r.index] = true
	f.last = t
	f.a.mu.Unlock()
	started := f.succession.ask(r.Strategy, time.Time{}, func(_ *Query, answer Answer, err error) { f.land(t, answer, err) })
	if !started || !caller {
		return
	}
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	t.started, t.thread = true, f.a.options.Clock().Sub(t.begin)
	if t.finished {
		f.a.measure(t)
	}
}

// land gets the result of a route.
func (f *adaptiveQuery) land(t *attempt, answer Answer, err error) {
	a := f.a
	a.mu.Lock()
	now := a.options.Clock()
	t.finished, t.took, t.err = true, now.Sub(t.begin), err
	var next *route
	if !errors.Is(err, ErrCanceled) {
		if t.started {
			a.measure(t)
		}
		a.judge(t.route, f.q.Question.Name, err, now)
		if FallsBack(f.q.Question, err) && !a.closed {
			next = a.choose(f, now)
		}
	} else {
		t.route.outcomes[OutcomeCanceled]++
	}
	if next != nil {
		a.stats.Retries++
	}
	a.mu.Unlock()
	if next != nil && !f.q.Finished() {
		f.ask(next, now, false)
		return
	}
	f.q.Finish(answer, err)
}

// The least time after which the deadline of a query counts against its route: routePatience if the
// route has no measurements, otherwise a multiple of its 99th percentile.
const (
	routePatience    = time.Second
	routePatienceMin = 100 * time.Millisecond
	routePatienceP99 = 4
)

// ended runs when the query has finished. Its deadline cancels the question to the route, which
// therefore does not report a timeout itself.
func (f *adaptiveQuery) ended(q *Query, _ Answer, err error) {
	a := f.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if f.over = true; f.counted {
		a.inFlight--
	}
	t := f.last
	if !errors.Is(err, ErrTimeout) || t == nil || !t.finished || !errors.Is(t.err, ErrCanceled) {
		return
	}
	patience := routePatience
	if t.route.measured(a.options.MinSamples) {
		h := t.route.answered()
		patience = max(routePatienceP99*h.Quantile(0.99), routePatienceMin)
	}
	now := a.options.Clock()
	if now.Sub(t.begin) < patience {
		return
	}
	t.route.outcomes[OutcomeCanceled]--
	t.err, t.took = ErrTimeout, now.Sub(t.begin)
	if t.started {
		a.measure(t)
	}
	a.judge(t.route, q.Question.Name, ErrTimeout, now)
}

// Close closes the strategies of all routes, which completes the queries in flight.
func (a *Adaptive) Close() error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	strategies := make([]Strategy, len(a.routes))
	for i, r := range a.routes {
		strategies[i] = r.Strategy
	}
	return closeAll(strategies)
}
