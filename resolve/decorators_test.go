package resolve

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// immediate answers in Start.
type immediate struct{ silent }

func (immediate) Start(q *Query) {
	if q.Accept(nil) {
		q.Finish(NewAnswer(q.Question, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil)
	}
}

// slowly answers after a delay.
type slowly struct {
	silent
	delay time.Duration
}

func (s slowly) Start(q *Query) {
	if q.Accept(nil) {
		time.AfterFunc(s.delay, func() { q.Finish(NewAnswer(q.Question, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil) })
	}
}

func TestTryOfDecoratorsDoesNotAllocate(t *testing.T) {
	private := func(q Question) (Answer, error) {
		return NewAnswer(q, []netip.Addr{netip.MustParseAddr("10.0.0.1")}), nil
	}
	q := mustQuestion(t, "one.example", TypeA)
	a, _ := private(q)
	next := remembers{answer: a}
	limit, err := NewLimit(LimitOptions{}, next)
	require.NoError(t, err)
	fallback, err := NewFallback(FallbackOptions{}, next, next)
	require.NoError(t, err)
	race, err := NewRace(next, next)
	require.NoError(t, err)
	hedge, err := NewHedge(HedgeOptions{}, next)
	require.NoError(t, err)
	filter, err := NewFilter(FilterOptions{Allow: []string{"corp.example"}}, next)
	require.NoError(t, err)
	for _, s := range []Strategy{limit, fallback, race, hedge, filter, NewObserve(&Stats{}, nil, next)} {
		if n := testing.AllocsPerRun(200, func() { _, _ = s.Try(q) }); n != 0 {
			t.Errorf("%T: got %v allocations, want 0", s, n)
		}
	}
}

type remembers struct {
	silent
	answer Answer
}

func (r remembers) Try(Question) (Answer, error) { return r.answer, nil }

// Queries that complete inside Start must not start each other recursively.
func TestLimitIsNotRecursive(t *testing.T) {
	const n = 1000
	gate := &gatekeeper{}
	l, err := NewLimit(LimitOptions{MaxInFlight: 1, MaxQueued: n}, gate)
	require.NoError(t, err)
	inbox, done := NewInbox(nil), 0
	q := mustQuestion(t, "one.example", TypeA)
	for range n {
		l.Start(&Query{Question: q, Inbox: inbox, Done: func(Answer, error) { done++ }})
	}
	gate.first.Finish(NewAnswer(q, nil), nil)
	inbox.Run(0)
	require.Equal(t, n, done)
	require.Equal(t, LimitStats{Waited: n - 1}, l.Stats())
	require.Less(t, gate.depth, 100)
}

// gatekeeper holds its first query, and answers the others in Start.
type gatekeeper struct {
	immediate
	first *Query
	depth int // of the deepest stack at a Start
}

func (g *gatekeeper) Start(q *Query) {
	g.depth = max(g.depth, runtime.Callers(0, make([]uintptr, 4096)))
	if g.first != nil {
		g.immediate.Start(q)
		return
	}
	g.first = q
	q.Accept(nil)
}

// A limit is used by many goroutines, which also cancel.
func TestLimitCompletesEveryQuery(t *testing.T) {
	l, err := NewLimit(LimitOptions{MaxInFlight: 2, MaxQueued: 4}, slowly{delay: time.Microsecond})
	require.NoError(t, err)
	q := mustQuestion(t, "one.example", TypeA)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			inbox, ready := blockingInbox()
			for i := range 300 {
				done := 0
				query := &Query{Question: q, Inbox: inbox, Done: func(Answer, error) { done++ }}
				l.Start(query)
				if (g+i)%3 == 0 {
					query.Cancel()
				}
				for done == 0 {
					<-ready
					inbox.Run(0)
				}
				if done != 1 {
					t.Errorf("got %d completions, want 1", done)
				}
			}
		})
	}
	wg.Wait()
	s := l.Stats()
	require.Zero(t, s.Queued)
	require.Zero(t, s.InFlight)
}

func TestHedgeUsesTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHedge(HedgeOptions{Second: slowly{delay: time.Millisecond}, Budget: 1, MaxDelay: 50 * time.Millisecond}, slowly{delay: time.Second})
		require.NoError(t, err)
		begin := time.Now()
		_, err = Wait(t.Context(), h, mustQuestion(t, "one.example", TypeA))
		require.NoError(t, err)
		require.Equal(t, 51*time.Millisecond, time.Since(begin))
		require.Equal(t, HedgeStats{Queries: 1, Hedged: 1, Won: 1, Delay: 50 * time.Millisecond}, h.Stats())
		time.Sleep(2 * time.Second) // the first question, which slowly does not stop
	})
}

func TestBoundsOfDecorators(t *testing.T) {
	for name, build := range map[string]func() error{
		"limit":           func() error { _, err := NewLimit(LimitOptions{MaxInFlight: -1}, silent{}); return err },
		"empty fallback":  func() error { _, err := NewFallback(FallbackOptions{}); return err },
		"long fallback":   func() error { _, err := NewFallback(FallbackOptions{}, make([]Strategy, MaxFallback+1)...); return err },
		"timeout":         func() error { _, err := NewFallback(FallbackOptions{Timeout: -1}, silent{}); return err },
		"empty race":      func() error { _, err := NewRace(); return err },
		"budget":          func() error { _, err := NewHedge(HedgeOptions{Budget: 1.5}, silent{}); return err },
		"delays":          func() error { _, err := NewHedge(HedgeOptions{MinDelay: time.Hour}, silent{}); return err },
		"literal suffix":  func() error { _, err := NewFilter(FilterOptions{Allow: []string{"10.0.0.1"}}, silent{}); return err },
		"the root":        func() error { _, err := NewFilter(FilterOptions{Allow: []string{"."}}, silent{}); return err },
		"malformed allow": func() error { _, err := NewFilter(FilterOptions{Allow: []string{"a..b"}}, silent{}); return err },
		"invalid network": func() error { _, err := NewFilter(FilterOptions{Deny: make([]netip.Prefix, 1)}, silent{}); return err },
	} {
		require.Error(t, build(), name)
	}
}

func TestFilterDeniesNetworks(t *testing.T) {
	f, err := NewFilter(FilterOptions{Deny: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, immediate{})
	require.NoError(t, err)
	_, err = Wait(t.Context(), f, mustQuestion(t, "one.example", TypeA))
	require.ErrorIs(t, err, ErrFiltered)
	require.Equal(t, FilterStats{Refused: 1}, f.Stats())
}

func TestHistogram(t *testing.T) {
	for i := range HistogramLength - 1 {
		d := bucketEnd(i)
		require.Equal(t, i+1, bucketOf(d), "the end of bucket %d", i)
		require.Equal(t, i, bucketOf(d-1), "before the end of bucket %d", i)
	}
	require.Equal(t, 0, bucketOf(-1))
	require.Equal(t, HistogramLength-1, bucketOf(time.Hour))
	var h Histogram
	require.Zero(t, h.Quantile(0.5))
	for d := range 100 {
		h[bucketOf(time.Duration(d+1)*time.Millisecond)]++
	}
	require.InEpsilon(t, 50*time.Millisecond, h.Quantile(0.5), 0.25)
	require.InEpsilon(t, 95*time.Millisecond, h.Quantile(0.95), 0.25)
	require.GreaterOrEqual(t, h.Quantile(1), 100*time.Millisecond)
}

func TestRecentForgets(t *testing.T) {
	var r recent
	for range 10 * recentMax {
		r.add(time.Second)
	}
	for range 10 * recentMax {
		r.add(time.Millisecond)
	}
	require.Less(t, r.quantile(0.99), 2*time.Millisecond)
	require.LessOrEqual(t, r.n, recentMax)
	require.InEpsilon(t, float64(time.Millisecond), r.mean, 0.01)
}

func TestOutcomesHaveNames(t *testing.T) {
	for o := range Outcome(Outcomes) {
		require.NotContains(t, o.String(), "Outcome(")
	}
	require.Equal(t, "Outcome(99)", Outcome(99).String())
}
