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

func benchCache(b *testing.B) *Cache {
	c, err := NewCache(CacheOptions{}, instant{time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		q := mustQuestion(b, fmt.Sprintf("host-%d.example", i), TypeA)
		learn(c, q, Answer{Question: q, Expires: time.Now().Add(time.Hour)}, nil)
	}
	return c
}

func BenchmarkCacheHit(b *testing.B) {
	benchmarkTry(b, mustQuestion(b, "host-7.example", TypeA), benchCache(b))
}

func BenchmarkCacheNegativeHit(b *testing.B) {
	c := benchCache(b)
	q := mustQuestion(b, "absent.example", TypeAAAA)
	learn(c, q, Answer{}, &Error{Op: "test", Question: q, RCode: RCodeNameError, Err: ErrNotFound})
	c.options.NegativeTTLUnknown = time.Hour
	learn(c, q, Answer{}, &Error{Op: "test", Question: q, RCode: RCodeNameError, Expires: time.Now().Add(time.Hour), Err: ErrNotFound})
	benchmarkTry(b, mustQuestion(b, "absent.example", TypeA), c)
}

// BenchmarkCacheMiss asks a new name each time, through Cache and Coalesce, and stores the answer.
func BenchmarkCacheMiss(b *testing.B) {
	c, err := NewCache(CacheOptions{}, NewCoalesce(0, instant{time.Hour}))
	if err != nil {
		b.Fatal(err)
	}
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
