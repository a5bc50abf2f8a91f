package resolve

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fails fails every query in Start.
type fails struct {
	silent
	err error
}

func (f fails) Start(q *Query) {
	if q.Accept(nil) {
		q.Finish(Answer{}, f.err)
	}
}

func TestBoundsOfAdaptive(t *testing.T) {
	good := Route{Name: "good", Strategy: silent{}}
	for name, o := range map[string]AdaptiveOptions{
		"no route":       {},
		"many routes":    {Routes: make([]Route, MaxRoutes+1)},
		"only blocking":  {Routes: []Route{{Name: "b", Strategy: silent{}, Blocking: true}}, AllowBlocking: true},
		"two of a name":  {Routes: []Route{good, good}},
		"no name":        {Routes: []Route{{Strategy: silent{}}}},
		"no strategy":    {Routes: []Route{{Name: "n"}}},
		"negative":       {Routes: []Route{good}, MinSamples: -1},
		"explores twice": {Routes: []Route{good}, Explore: 2},
	} {
		_, err := NewAdaptive(o)
		require.Error(t, err, name)
	}
}

// A process without descriptors, or a closed route, needs no streak of failures.
func TestAdaptiveLeavesABrokenRouteAtOnce(t *testing.T) {
	for _, cause := range []error{ErrClosed, syscall.EMFILE, syscall.ENFILE} {
		a, err := NewAdaptive(AdaptiveOptions{Explore: -1, Routes: []Route{{Name: "first", Strategy: fails{err: &Error{Op: "test", Err: cause}}}, {Name: "second", Strategy: immediate{}}}})
		require.NoError(t, err)
		q := mustQuestion(t, "one.example", TypeA)
		_, err = Wait(t.Context(), a, q)
		require.NoError(t, err)
		require.Equal(t, "second", a.Decide(q).Route)
		s := a.Stats()
		require.True(t, s.Routes[0].Down)
		require.ErrorIs(t, s.Routes[0].Failure, cause)
		require.EqualValues(t, 1, s.Retries)
	}
}

// A full queue is a moment's condition, and a short deadline is the caller's choice.
func TestAdaptiveKeepsABusyRoute(t *testing.T) {
	a, err := NewAdaptive(AdaptiveOptions{Explore: -1, Routes: []Route{{Name: "first", Strategy: fails{err: ErrQueueFull}}, {Name: "second", Strategy: immediate{}}}})
	require.NoError(t, err)
	for _, name := range []string{"a.example", "b.example", "c.example", "d.example"} {
		_, err = Wait(t.Context(), a, mustQuestion(t, name, TypeA))
		require.NoError(t, err)
	}
	require.False(t, a.Stats().Routes[0].Down)

	a, err = NewAdaptive(AdaptiveOptions{Explore: -1, Clock: func() time.Time { return time.Unix(0, 0) },
		Routes: []Route{{Name: "first", Strategy: slowly{delay: time.Hour}}, {Name: "second", Strategy: immediate{}}}})
	require.NoError(t, err)
	for _, name := range []string{"a.example", "b.example", "c.example", "d.example"} {
		inbox, ready := blockingInbox()
		a.Start(&Query{Question: mustQuestion(t, name, TypeA), Inbox: inbox, Done: func(Answer, error) {}, Deadline: time.Now().Add(time.Millisecond)})
		<-ready
	}
	require.False(t, a.Stats().Routes[0].Down)
}

func TestAdaptiveSampleOfAnUnknownRoute(t *testing.T) {
	a, err := NewAdaptive(AdaptiveOptions{Routes: []Route{{Name: "first", Strategy: immediate{}}}})
	require.NoError(t, err)
	require.False(t, a.Sample("rumour", time.Second, nil))
	require.True(t, a.Sample("first", time.Second, ErrServFail))
	s := a.Stats().Routes[0]
	require.EqualValues(t, 1, s.Outcomes[OutcomeFailed])
	require.EqualValues(t, 1, s.Held.Samples)
	require.Equal(t, time.Second, s.Held.Mean)
	require.Equal(t, time.Second, s.Failed.Mean)
}

func TestAdaptiveDoesNotAllocateInTry(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	next := remembers{answer: NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")})}
	a, err := NewAdaptive(AdaptiveOptions{Routes: []Route{{Name: "first", Strategy: silent{}}, {Name: "second", Strategy: next}},
		NeedsSystem: func(Question) (bool, string) { return false, "" }})
	require.NoError(t, err)
	if n := testing.AllocsPerRun(200, func() { _, _ = a.Try(q) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// Many goroutines start, cancel and fail queries on all routes: each completes once.
func TestAdaptiveCompletesEveryQuery(t *testing.T) {
	var n sync.Map
	pool, err := NewPool(func(_ context.Context, q Question) (Answer, error) {
		count, _ := n.LoadOrStore(q, new(sync.Once))
		failed := errors.New("first time")
		count.(*sync.Once).Do(func() { failed = nil })
		if failed == nil {
			return Answer{}, ErrServFail
		}
		return NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
	}, PoolOptions{Workers: 2, MaxQueued: 64})
	require.NoError(t, err)
	a, err := NewAdaptive(AdaptiveOptions{Explore: 0.5, MinSamples: 10, ProbeInterval: time.Microsecond, AllowBlocking: true, Budget: time.Hour, Routes: []Route{
		{Name: "pool", Strategy: pool}, {Name: "timers", Strategy: slowly{delay: time.Microsecond}},
		{Name: "blocking", Blocking: true, Strategy: NewBlocking(func(context.Context, Question) (Answer, error) { return Answer{}, ErrNoData })}}})
	require.NoError(t, err)
	for range 10 {
		a.Sample("blocking", time.Microsecond, nil)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			inbox, ready := blockingInbox()
			for i := range 200 {
				done := 0
				q := &Query{Question: Question{Name{string(rune('a'+g)) + string(rune('a'+i%26)) + ".example"}, TypeA, ClassINET}, Inbox: inbox,
					Done: func(Answer, error) { done++ }}
				a.Start(q)
				if i%5 == 0 {
					q.Cancel()
				}
				for done == 0 {
					<-ready
					inbox.Run(0)
				}
				if done != 1 {
					t.Errorf("got %d completions, want 1", done)
				}
				a.Decide(q.Question)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1600, a.Stats().Queries)
	require.NoError(t, a.Close())
	pool.Wait()
}

func TestShortDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 409600: "410µs", 1234567: "1.2ms", 52428800: "52ms", 99 * time.Second: "1m39s"} {
		require.Equal(t, want, short(d).String())
	}
}
