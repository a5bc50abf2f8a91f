package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPoolCounts(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	now := time.Unix(0, 0)
	p, err := NewPool(func(_ context.Context, q Question) (Answer, error) { // ignores its context
		entered <- struct{}{}
		<-release
		return Answer{}, ErrServFail
	}, PoolOptions{Workers: 2, MaxQueued: 1, SlowAfter: time.Second, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	inbox, ready := blockingInbox()
	start := func(name string) *Query {
		q := &Query{Question: mustQuestion(t, name, TypeA), Inbox: inbox, Done: func(Answer, error) {}}
		p.Start(q)
		return q
	}
	first := start("one.example")
	<-entered
	start("two.example")
	require.Equal(t, PoolStats{Running: 1, Queued: 1}, p.Stats())
	first.Cancel()
	require.Equal(t, PoolStats{Running: 1, Queued: 1, Lost: 1}, p.Stats())
	p.mu.Lock()
	now = now.Add(time.Minute)
	p.mu.Unlock()
	require.Equal(t, PoolStats{Running: 1, Queued: 1, Lost: 1, Slow: 1}, p.Stats())
	start("three.example")
	start("four.example")
	require.EqualValues(t, 1, p.Stats().Refused)
	close(release)
	<-entered
	<-entered
	require.NoError(t, p.Close())
	p.Wait()
	require.Equal(t, PoolStats{Refused: 1}, p.Stats())
	for done := 0; done < 4; done += inbox.Run(0) {
		<-ready
	}
}

// A lookup that ends its goroutine costs the pool no worker.
func TestPoolSurvivesGoexit(t *testing.T) {
	p, err := NewPool(func(_ context.Context, q Question) (Answer, error) {
		if q.Name.String() == "panic.example" {
			panic("odd")
		}
		runtime.Goexit()
		return Answer{}, nil
	}, PoolOptions{Workers: 1, MaxQueued: 1})
	require.NoError(t, err)
	for range 3 {
		_, err = Wait(t.Context(), p, mustQuestion(t, "one.example", TypeA))
		require.ErrorIs(t, err, errGone)
	}
	var panicked *PanicError
	_, err = Wait(t.Context(), p, mustQuestion(t, "panic.example", TypeA))
	require.True(t, errors.As(err, &panicked))
	require.EqualError(t, err, "resolve: pool A panic.example: panic in the lookup: odd")
	require.EqualValues(t, 1, p.Stats().Panics)
	require.NoError(t, p.Close())
	p.Wait()
}

func TestBlockingSurvivesGoexit(t *testing.T) {
	b := NewBlocking(func(context.Context, Question) (Answer, error) { runtime.Goexit(); return Answer{}, nil })
	inbox, ready := blockingInbox()
	var got error
	go b.Start(&Query{Question: mustQuestion(t, "one.example", TypeA), Inbox: inbox, Done: func(_ Answer, err error) { got = err }})
	<-ready
	inbox.Run(0)
	require.ErrorIs(t, got, errGone)
}

func TestUncancelableLookupsRunToTheirEnd(t *testing.T) {
	b := NewBlockingWith(func(ctx context.Context, q Question) (Answer, error) {
		require.Nil(t, ctx.Done())
		return Answer{}, ErrNoData
	}, BlockingOptions{Uncancelable: true})
	_, err := Wait(t.Context(), b, mustQuestion(t, "one.example", TypeA))
	require.ErrorIs(t, err, ErrNoData)
	require.NoError(t, b.Close())
}

func TestUncancelableBlockingDoesNotAllocate(t *testing.T) {
	inbox, q := NewInbox(nil), mustQuestion(t, "one.example", TypeA)
	a := NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
	b := NewBlockingWith(func(context.Context, Question) (Answer, error) { return a, nil }, BlockingOptions{Uncancelable: true})
	queries, i := make([]Query, 202), 0
	done := func(Answer, error) {}
	if n := testing.AllocsPerRun(200, func() {
		queries[i] = Query{Question: q, Inbox: inbox, Done: done}
		b.Start(&queries[i])
		inbox.Run(0)
		i++
	}); n != 0 {
		t.Errorf("got %v allocations per query, want 0", n)
	}
}

func TestPoolForgetsNames(t *testing.T) {
	var s speeds
	name := func(i int) Name { return Name{fmt.Sprintf("n%d.example", i)} }
	for i := range MaxPoolNames + 10 {
		s.note(name(i), speedSlow)
		s.note(name(i), speedFast)
	}
	require.Len(t, s.known, MaxPoolNames)
	require.Len(t, s.names, MaxPoolNames)
	require.Equal(t, speedUnknown, s.of(name(9)))
	require.Equal(t, speedFast, s.of(name(10)))
}
