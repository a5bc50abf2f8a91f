package resolve

import (
	"errors"
	"syscall"
	"time"
)

// The kinds of results that an [Adaptive] measures apart.
const (
	kindAnswered = iota
	kindNegative
	kindFailed
	kinds
)

// route is a Route with its measurements. Guarded by Adaptive.mu.
type route struct {
	Route
	index int

	latency  [kinds]recent // from the start of a question to its result
	thread   [kinds]recent // that the caller of Start was held up
	outcomes [Outcomes]uint64
	p95      time.Duration // of the answers, also the negative ones; from the last refresh
	heldP99  time.Duration // of the times that callers were held up; from the last refresh
	fresh    int           // samples since the last refresh

	// For blocking routes.
	lastMiss  time.Duration // the last time above the budget, or 0
	sinceMiss int           // samples since

	streak     int  // failures in a row
	lastFailed Name // the name of the last one
	down       bool
	failure    error // why it is down
	downSince  time.Time
	nextProbe  time.Time
	probe      *probe // in flight
}

// refreshEvery is after how many samples the percentiles that decide are computed again.
const refreshEvery = 16

// serves reports whether the route may answer such a question at all.
func (r *route) serves(q Question, system bool) bool {
	return (q.Type.holdsAddrs() || r.Records) && (!system || r.System)
}

// answered returns the latencies of the answers, also the negative ones.
func (r *route) answered() Histogram { return sum(&r.latency[kindAnswered], &r.latency[kindNegative]) }

// held returns how long callers were held up.
func (r *route) held() Histogram {
	return sum(&r.thread[kindAnswered], &r.thread[kindNegative], &r.thread[kindFailed])
}

func sum(parts ...*recent) (h Histogram) {
	for _, p := range parts {
		for i, n := range p.counts {
			h[i] += n
		}
	}
	return h
}

// samples returns how many answers were measured.
func (r *route) samples() uint64 {
	return r.latency[kindAnswered].total + r.latency[kindNegative].total
}

func (r *route) threads() uint64 {
	return r.thread[kindAnswered].total + r.thread[kindNegative].total + r.thread[kindFailed].total
}

func (r *route) measured(least int) bool { return r.samples() >= uint64(least) }

func kindOf(err error) int {
	switch {
	case err == nil:
		return kindAnswered
	case isNegative(err):
		return kindNegative
	}
	return kindFailed
}

// measure counts an attempt that has finished and whose Start has returned. The caller holds mu.
func (a *Adaptive) measure(t *attempt) {
	if errors.Is(t.err, ErrCanceled) {
		return
	}
	a.sample(t.route, t.took, t.thread, t.caller, t.crowded, t.err)
}

func (a *Adaptive) sample(r *route, took, thread time.Duration, caller, crowded bool, err error) {
	kind := kindOf(err)
	r.outcomes[OutcomeOf(err)]++
	if !crowded {
		r.latency[kind].add(took)
	}
	if caller {
		r.thread[kind].add(thread)
		switch r.sinceMiss++; {
		case thread > a.options.Budget:
			r.lastMiss, r.sinceMiss = thread, 0
		case r.sinceMiss >= a.options.MinSamples:
			r.lastMiss = 0
		}
	}
	if r.fresh++; r.fresh >= refreshEvery || r.samples() <= uint64(a.options.MinSamples) || r.threads() <= uint64(a.options.MinSamples) {
		answered, held := r.answered(), r.held()
		r.fresh, r.p95, r.heldP99 = 0, answered.Quantile(0.95), held.Quantile(0.99)
	}
}

// judge notes whether a route works. The caller holds mu.
func (a *Adaptive) judge(r *route, name Name, err error, now time.Time) {
	if isAnswer(err) {
		r.streak, r.lastFailed, r.down, r.failure = 0, Name{}, false, nil
		return
	}
	if a.closed || !FallsBack(Question{}, err) || errors.Is(err, ErrQueueFull) {
		return
	}
	gone := errors.Is(err, ErrClosed) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
	// The servers of one name may fail, although the route works.
	if name != r.lastFailed {
		r.streak++
		r.lastFailed = name
	}
	if r.down || !gone && r.streak < a.options.MaxFailures {
		return
	}
	r.down, r.failure, r.downSince, r.nextProbe = true, err, now, now.Add(a.options.ProbeInterval)
}

// probe is a copy of a query to a route that is down.
type probe struct {
	route *route
	query Query
	begin time.Time
	old   *Query // the previous probe, to be canceled
}

// due returns the probes to start: one for each route that is down, may answer the question of f
// and was last asked a ProbeInterval ago. The caller holds mu.
func (a *Adaptive) due(f *adaptiveQuery, now time.Time, chosen *route) (probes []*probe) {
	for _, r := range a.routes {
		if !r.down || r == chosen || r.Blocking || now.Before(r.nextProbe) || !r.serves(f.q.Question, f.system) || a.closed {
			continue
		}
		p := &probe{route: r, begin: now, query: Query{Question: f.q.Question}}
		p.query.OnFinish(func(q *Query, _ Answer, err error) { a.probed(p, q.Question.Name, err) })
		if r.probe != nil { // it has had a whole interval
			p.old = &r.probe.query
		}
		r.probe = p
		r.nextProbe = now.Add(a.options.ProbeInterval)
		a.stats.Probes++
		probes = append(probes, p)
	}
	return probes
}

// probed gets the result of a probe.
func (a *Adaptive) probed(p *probe, name Name, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.route.probe == p {
		p.route.probe = nil
	}
	if errors.Is(err, ErrCanceled) {
		return
	}
	now := a.options.Clock()
	a.sample(p.route, now.Sub(p.begin), 0, false, a.inFlight > a.options.MaxCompared, err)
	a.judge(p.route, name, err, now)
}

// Sample adds a measurement that was made elsewhere to a route: a lookup took that long and
// returned err. It returns false if there is no route of that name. Any number of goroutines may
// call it at once.
//
// It is for blocking routes, whose cost must be known before they run on a caller's thread. A
// [Pool] that runs the same [Lookup] can report each of its lookups.
func (a *Adaptive) Sample(name string, took time.Duration, err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.routes {
		if r.Name != name {
			continue
		}
		if !errors.Is(err, ErrCanceled) {
			a.sample(r, took, took, true, false, err)
			if isAnswer(err) {
				a.judge(r, Name{}, nil, a.options.Clock())
			}
		}
		return true
	}
	return false
}
