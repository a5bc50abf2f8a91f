package resolve

import (
	"fmt"
	"testing"
	"time"
)

func benchmarkTry(b *testing.B, q Question, c *Cache) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Try(q); err == ErrWouldBlock {
				b.Error("the question is not in the cache")
				return
			}
		}
	})
}

// benchCache returns a cache with answers for host-0.example to host-999.example.
func benchCache(b *testing.B) *Cache {
	c := newCache(b, CacheOptions{}, instant{time.Hour})
	for i := range 1000 {
		q := mustQuestion(b, fmt.Sprintf("host-%d.example", i), TypeA)
		learn(c, q, Answer{Question: q, Expires: time.Now().Add(time.Hour)}, nil)
	}
	return c
}

func BenchmarkCacheHit(b *testing.B) {
	benchmarkTry(b, mustQuestion(b, "host-7.example", TypeA), benchCache(b))
}

// BenchmarkCacheHitOnLoopClock has the clock of a loop, which reads it once per turn.
func BenchmarkCacheHitOnLoopClock(b *testing.B) {
	c := benchCache(b)
	now := time.Now()
	c.options.Clock = func() time.Time { return now }
	benchmarkTry(b, mustQuestion(b, "host-7.example", TypeA), c)
}

func BenchmarkCacheNegativeHit(b *testing.B) {
	c := benchCache(b)
	q := mustQuestion(b, "absent.example", TypeAAAA)
	learn(c, q, Answer{}, &Error{Op: "test", Question: q, RCode: RCodeNameError, Expires: time.Now().Add(time.Hour), Err: ErrNotFound})
	benchmarkTry(b, mustQuestion(b, "absent.example", TypeA), c)
}

// BenchmarkCacheMiss asks a new name each time, through Cache and Coalesce, and stores the answer.
func BenchmarkCacheMiss(b *testing.B) {
	c := newCache(b, CacheOptions{}, NewCoalesce(0, instant{time.Hour}))
	const batch = 1 << 14
	questions := make([]Question, batch)
	for i := range questions {
		questions[i] = mustQuestion(b, fmt.Sprintf("host-%d.example", i), TypeA)
	}
	b.ReportAllocs()
	var queries []Query
	var inbox *Inbox
	for i := 0; b.Loop(); i++ {
		if i%batch == 0 {
			b.StopTimer()
			queries, inbox = queriesFor(batch, func(i int) Question { return questions[i] })
			b.StartTimer()
		}
		c.Start(&queries[i%batch])
		inbox.Run(0)
	}
}
