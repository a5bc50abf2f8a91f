package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// stepped returns t with another wall clock and the same monotonic clock.
func stepped(t *testing.T, now time.Time, step time.Duration) time.Time {
	t.Helper()
	layout := (*struct { // of time.Time, with a monotonic clock
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&now))
	before := now
	layout.wall += uint64(step/time.Second) << 30
	if now.Sub(before) != 0 || now.Unix()-before.Unix() != int64(step/time.Second) {
		t.Fatalf("the layout of time.Time has changed: %v became %v", before, now)
	}
	return now
}

func TestCacheIgnoresStepsOfTheWallClock(t *testing.T) {
	begin := time.Now()
	now := begin
	c := newCache(t, CacheOptions{Clock: func() time.Time { return now }}, silent{})
	q := mustQuestion(t, "one.example", TypeA)
	learn(c, q, Answer{Question: q, Expires: begin.Add(time.Minute)}, nil)
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		now = stepped(t, begin.Add(time.Minute-1), step)
		if _, err := c.Try(q); err != nil {
			t.Errorf("a step of %v: the answer is gone before it has expired: %v", step, err)
		}
	}
	now = stepped(t, begin.Add(time.Minute), -time.Hour)
	if _, err := c.Try(q); err != ErrWouldBlock {
		t.Errorf("a step back: got %v from Try after the answer has expired, want ErrWouldBlock", err)
	}
}

func TestCloseEndsBackgroundQueries(t *testing.T) {
	now := time.Now()
	next := &holding{}
	c := newCache(t, CacheOptions{PrefetchHits: 1, Clock: func() time.Time { return now }}, next)
	q := mustQuestion(t, "one.example", TypeA)
	learn(c, q, Answer{Question: q, Expires: now.Add(10 * time.Second)}, nil)
	now = now.Add(9 * time.Second)
	queries, inbox := queriesFor(2, func(int) Question { return q })
	c.Start(&queries[0])
	inbox.Run(0)
	require.Len(t, next.held, 1)
	require.False(t, next.held[0].Finished())
	require.NoError(t, c.Close())
	require.True(t, next.held[0].Finished(), "the prefetch has not ended")
	require.Empty(t, c.refreshes)
	c.Start(&queries[1])
	require.Len(t, next.held, 2, "a query after Close is passed on")
	next.held[1].Finish(Answer{Question: q, Expires: now.Add(time.Minute)}, nil)
	require.Zero(t, c.Stats().Positive, "an answer was stored after Close")
}

func TestFlushForgetsQueriesInFlight(t *testing.T) {
	next := &holding{}
	c := newCache(t, CacheOptions{}, next)
	q := mustQuestion(t, "one.example", TypeA)
	queries, _ := queriesFor(1, func(int) Question { return q })
	c.Start(&queries[0])
	c.Flush()
	next.held[0].Finish(Answer{Question: q, Expires: time.Now().Add(time.Minute)}, nil)
	require.Equal(t, CacheStats{Misses: 1, Ignored: 1, Flushes: 1}, c.Stats())
}

func TestRefreshesAreBounded(t *testing.T) {
	now := time.Now()
	next := &holding{}
	c := newCache(t, CacheOptions{MaxStale: time.Hour, StaleAtOnce: true, Clock: func() time.Time { return now }}, next)
	const names = MaxCacheRefreshes + 10
	questions := make([]Question, names)
	for i := range questions {
		questions[i] = mustQuestion(t, fmt.Sprintf("host-%d.example", i), TypeA)
		learn(c, questions[i], Answer{Question: questions[i], Expires: now.Add(time.Minute)}, nil)
	}
	now = now.Add(2 * time.Minute)
	queries, inbox := queriesFor(names, func(i int) Question { return questions[i] })
	for i := range queries {
		c.Start(&queries[i])
	}
	require.Equal(t, names, inbox.Run(0), "a stale answer for each")
	require.Len(t, next.held, MaxCacheRefreshes)
	require.NoError(t, c.Close())
}

// The timers without options: 1.8 seconds for a newer answer, 10 for the background query, and 30
// before the next one.
func TestStaleTimersAreThoseOfTheRFC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &holding{}
		c := newCache(t, CacheOptions{MaxStale: time.Hour}, next)
		q := mustQuestion(t, "one.example", TypeA)
		learn(c, q, Answer{Question: q, Expires: time.Now().Add(time.Minute)}, nil)
		time.Sleep(2 * time.Minute)
		queries, inbox := queriesFor(1, func(int) Question { return q })
		c.Start(&queries[0])
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		pass(DefaultCacheStaleDelay - 1)
		require.Zero(t, inbox.Run(0), "a completion before 1.8 seconds")
		pass(1)
		require.Equal(t, 1, inbox.Run(0))
		require.True(t, queries[0].answer.Stale)
		pass(DefaultCacheRefreshTimeout - DefaultCacheStaleDelay - 1)
		require.False(t, next.held[0].Finished(), "the background query has ended too early")
		pass(1)
		require.True(t, next.held[0].Finished())
		pass(DefaultCacheStaleRecheck - 1)
		a, err := c.Try(q)
		require.NoError(t, err)
		require.True(t, a.Stale)
		pass(1)
		_, err = c.Try(q)
		require.Equal(t, ErrWouldBlock, err, "Start must ask again")
		require.NoError(t, c.Close())
	})
}

// The counters of a life with every kind of entry.
func TestCacheStats(t *testing.T) {
	now := time.Now()
	next := &holding{}
	c := newCache(t, CacheOptions{MaxStale: time.Minute, StaleAtOnce: true, Clock: func() time.Time { return now }}, next)
	one, two, three := mustQuestion(t, "one.example", TypeA), mustQuestion(t, "two.example", TypeA), mustQuestion(t, "three.example", TypeA)
	learn(c, one, Answer{Question: one, Expires: now.Add(time.Second)}, nil)
	learn(c, two, Answer{}, &Error{Question: two, Err: ErrNoData})
	learn(c, three, Answer{}, &Error{Question: three, Err: ErrServFail})
	for _, q := range []Question{one, two, three, three} {
		_, err := c.Try(q)
		require.NotErrorIs(t, err, ErrWouldBlock)
	}
	now = now.Add(2 * time.Second)
	queries, inbox := queriesFor(2, func(i int) Question { return []Question{one, three}[i] })
	c.Start(&queries[0]) // stale, and refreshes
	c.Start(&queries[1]) // the failure has expired
	inbox.Run(0)
	s := c.Stats()
	require.Positive(t, s.Bytes)
	require.Positive(t, s.NegativeBytes)
	s.Bytes, s.NegativeBytes = 0, 0
	require.Equal(t, CacheStats{Positive: 1, Negative: 1, Failures: 1, Hits: 1, NegativeHits: 1, FailureHits: 2, StaleHits: 1, Refreshes: 1, Misses: 1}, s)
	require.NoError(t, c.Close())
}

// Queries, cancellations, changes of the configuration and refreshes on several threads: every
// query completes once.
func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	var elapsed, generation, turn atomic.Int64
	epoch := time.Now()
	clock := func() time.Time { return epoch.Add(time.Duration(elapsed.Load())) }
	pool, err := NewPool(func(_ context.Context, q Question) (Answer, error) {
		switch turn.Add(1) % 5 {
		case 0:
			return Answer{}, &Error{Question: q, Err: ErrServFail}
		case 1:
			return Answer{}, &Error{Question: q, RCode: RCodeNameError, Err: ErrNotFound}
		}
		a := NewAnswer(q, []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, 1})})
		a.Expires = clock().Add(time.Second)
		return a, nil
	}, PoolOptions{Workers: 2, MaxQueued: 1 << 16})
	require.NoError(t, err)
	c := newCache(t, CacheOptions{MaxBytes: 16 << 10, MaxNegativeBytes: 16 << 10, MaxStale: time.Second, PrefetchHits: 1, StaleDelay: time.Millisecond,
		Clock: clock, Generation: func() uint64 { return uint64(generation.Load()) }}, NewCoalesce(0, pool))
	questions := make([]Question, 20)
	for i := range questions {
		questions[i] = mustQuestion(t, fmt.Sprintf("host-%d.example", i), TypeA)
	}
	const owners, queries = 4, 2000
	var all sync.WaitGroup
	for n := range owners {
		all.Go(func() {
			inbox, ready := blockingInbox()
			completed := 0
			for i := range queries {
				q := &Query{Question: questions[(i*7+n)%len(questions)], Inbox: inbox, Done: func(_ Answer, err error) {
					completed++
					if errors.Is(err, ErrWouldBlock) {
						t.Error("a query completed with ErrWouldBlock")
					}
				}}
				_, _ = c.Try(q.Question)
				c.Start(q)
				if i%5 == 0 {
					q.Cancel()
				}
				elapsed.Add(int64(10 * time.Millisecond))
				if i%500 == 499 {
					generation.Add(1)
				}
				inbox.Run(0)
			}
			for completed < queries {
				<-ready
				inbox.Run(0)
			}
		})
	}
	all.Wait()
	require.NoError(t, c.Close())
	pool.Wait()
	require.Zero(t, c.Stats().Bytes)
}
