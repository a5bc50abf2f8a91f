package resolve

import (
	"fmt"
	"sync"
	"time"
)

// The defaults of [HedgeOptions].
const (
	DefaultHedgeBudget     = 0.05
	DefaultHedgeMinDelay   = time.Millisecond
	DefaultHedgeMaxDelay   = time.Second
	DefaultHedgeMinSamples = 20
)

// The bounds of the budget of a [Hedge].
const (
	MaxHedgeBudget = 1.0
	// MaxHedgeBurst bounds the second questions that a Hedge saves up while it needs none.
	MaxHedgeBurst = 16
)

// HedgeOptions sets when a [Hedge] asks a second time. Zero fields mean the defaults.
type HedgeOptions struct {
	// Second gets the second question. nil means the first strategy again, which helps if it
	// chooses another server or another socket then.
	Second Strategy
	// Budget bounds the second questions, as a fraction of the queries: 0.05 for 5 %.
	Budget float64

	MinDelay, MaxDelay time.Duration // the bounds of the delay
	MinSamples         int           // the delay is MaxDelay before the first strategy has answered this often

	Clock     func() time.Time                                   // time.Now if nil
	AfterFunc func(d time.Duration, f func()) (stop func() bool) // time.AfterFunc if nil
}

// HedgeStats holds the counters of a [Hedge].
type HedgeStats struct {
	Queries    uint64        // started
	Hedged     uint64        // queries with a second question
	Won        uint64        // second questions whose answer arrived first
	OverBudget uint64        // second questions that were due, but above the budget
	Delay      time.Duration // that the next query gets
}

// Hedge asks its first strategy, and asks again if the answer takes longer than 95 % of the recent
// answers took. The first answer wins, even a negative one, and the other question is canceled. A
// failure does not win. If the first strategy fails before the delay, the second question is due at
// once. If both fail, the query gets the failure of the first strategy.
//
// Second questions are at most a fraction of the queries (HedgeOptions.Budget), so that a Hedge
// cannot double the load of servers that are slow because of their load. A first question that is
// canceled counts with the time that it has taken so far: otherwise slow answers would lower the
// delay.
//
// Each query uses a timer.
type Hedge struct {
	first   Strategy
	options HedgeOptions

	mu      sync.Mutex
	latency recent
	credit  int64 // second questions that may be asked, in millionths
	stats   HedgeStats
}

const hedgeUnit = 1_000_000

// NewHedge returns a Hedge in front of first. It owns first and options.Second. It returns an error
// for a negative option, a budget above [MaxHedgeBudget], and a MinDelay above MaxDelay.
func NewHedge(options HedgeOptions, first Strategy) (*Hedge, error) {
	if options.Budget < 0 || options.Budget > MaxHedgeBudget || options.MinDelay < 0 || options.MaxDelay < 0 || options.MinSamples < 0 {
		return nil, fmt.Errorf("resolve: hedge: budget %v, delay %v to %v, %d samples: want none negative, and a budget of at most %v",
			options.Budget, options.MinDelay, options.MaxDelay, options.MinSamples, MaxHedgeBudget)
	}
	if options.Budget == 0 {
		options.Budget = DefaultHedgeBudget
	}
	if options.MinDelay == 0 {
		options.MinDelay = DefaultHedgeMinDelay
	}
	if options.MaxDelay == 0 {
		options.MaxDelay = DefaultHedgeMaxDelay
	}
	if options.MinSamples == 0 {
		options.MinSamples = DefaultHedgeMinSamples
	}
	if options.MinDelay > options.MaxDelay {
		return nil, fmt.Errorf("resolve: hedge: delay %v to %v: want the first at most as long as the second", options.MinDelay, options.MaxDelay)
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.AfterFunc == nil {
		options.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return &Hedge{first: first, options: options}, nil
}

// Try calls Try of the first strategy.
func (h *Hedge) Try(q Question) (Answer, error) { return h.first.Try(q) }

// hedged is one query of a Hedge.
type hedged struct {
	h       *Hedge
	q       *Query
	begin   time.Time
	queries [2]Query // to the first and the second strategy

	mu       sync.Mutex
	stop     func() bool // stops the timer
	hedging  bool        // the second question was asked
	pending  int         // questions in flight
	over     bool        // q has a result
	failures [2]error
}

// Start starts the query with the first strategy.
func (h *Hedge) Start(q *Query) {
	f := &hedged{h: h, q: q, pending: 1, begin: h.options.Clock()}
	for i := range f.queries {
		f.queries[i].Question = q.Question
		f.queries[i].OnFinish(func(_ *Query, a Answer, err error) { f.land(i, a, err) })
	}
	if !q.Accept(f.cancel) {
		return
	}
	delay := h.started()
	h.first.Start(&f.queries[0])
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over && !f.hedging {
		f.stop = h.options.AfterFunc(delay, f.ask)
	}
}

// started counts a query and returns its delay.
func (h *Hedge) started() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Queries++
	h.credit = min(h.credit+int64(h.options.Budget*hedgeUnit), MaxHedgeBurst*hedgeUnit)
	return h.delay()
}

// delay must be called with mu held.
func (h *Hedge) delay() time.Duration {
	if h.latency.total < uint64(h.options.MinSamples) {
		return h.options.MaxDelay
	}
	return min(max(h.latency.quantile(0.95), h.options.MinDelay), h.options.MaxDelay)
}

// spend takes one second question from the budget.
func (h *Hedge) spend() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.credit < hedgeUnit {
		h.stats.OverBudget++
		return false
	}
	h.credit -= hedgeUnit
	h.stats.Hedged++
	return true
}

// ask asks the second question.
func (f *hedged) ask() {
	f.mu.Lock()
	if f.over || f.hedging || !f.h.spend() {
		f.mu.Unlock()
		return
	}
	f.hedging = true
	f.pending++
	f.mu.Unlock()
	second := f.h.options.Second
	if second == nil {
		second = f.h.first
	}
	second.Start(&f.queries[1])
}

// end marks the query as over and stops its timer. It returns false if it was over. The caller
// holds mu.
func (f *hedged) end() bool {
	if f.over {
		return false
	}
	f.over = true
	if f.stop != nil {
		f.stop()
	}
	return true
}

// cancel is the stop function of q.
func (f *hedged) cancel() {
	f.mu.Lock()
	f.end()
	f.mu.Unlock()
	f.queries[0].Cancel()
	f.queries[1].Cancel()
}

func (f *hedged) land(i int, a Answer, err error) {
	f.mu.Lock()
	if f.over {
		f.mu.Unlock()
		return
	}
	if isAnswer(err) {
		f.end()
		sampled := f.failures[0] == nil
		f.mu.Unlock()
		f.h.answered(i == 1, sampled, f.h.options.Clock().Sub(f.begin))
		f.q.Finish(a, err)
		f.queries[1-i].Cancel()
		return
	}
	f.failures[i] = err
	f.pending--
	early := !f.hedging
	f.mu.Unlock()
	if early {
		f.ask()
	}
	f.mu.Lock()
	failed := f.pending == 0 && f.end()
	f.mu.Unlock()
	if failed {
		f.q.Finish(Answer{}, f.failures[0])
	}
}

// answered counts an answer. sampled is false if the first strategy has failed, and so has no
// latency.
func (h *Hedge) answered(second, sampled bool, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if sampled {
		h.latency.add(took)
	}
	if second {
		h.stats.Won++
	}
}

// Stats returns the counters.
func (h *Hedge) Stats() HedgeStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Delay = h.delay()
	return s
}

// Close closes both strategies, which completes the queries in flight.
func (h *Hedge) Close() error {
	strategies := []Strategy{h.first}
	if h.options.Second != nil {
		strategies = append(strategies, h.options.Second)
	}
	return closeAll(strategies)
}
