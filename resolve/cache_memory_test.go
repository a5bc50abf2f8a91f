package resolve

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The estimate that the bound uses may exceed the heap, but not fall short of it.
func TestCacheCountsItsMemory(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	long := strings.Repeat("a-label-of-20-bytes.", 6)
	addrs := func(q Question, n int) (Answer, error) {
		list := make([]netip.Addr, n)
		for i := range list {
			list[i] = netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})
		}
		a := NewAnswer(q, list)
		a.Expires = expires
		return a, nil
	}
	records := func(q Question, n, size int) (Answer, error) {
		list := make([]Record, n)
		for i := range list {
			list[i] = Record{Type: TypeTXT, Data: strings.Repeat("x", size)}
		}
		a := NewRecordAnswer(q, list)
		a.Expires = expires
		a.Canonical = Name{text: strings.Clone(q.Name.text)}
		return a, nil
	}
	for _, c := range []struct {
		name, format string
		n            int
		result       func(q Question) (Answer, error)
	}{
		{"one address", "host-%d.example", 20000, func(q Question) (Answer, error) { return addrs(q, 1) }},
		{"long names", long + "host-%d.example", 10000, func(q Question) (Answer, error) { return addrs(q, 1) }},
		{"100 addresses", "host-%d.example", 2000, func(q Question) (Answer, error) { return addrs(q, 100) }},
		{"4095 addresses", "host-%d.example", 100, func(q Question) (Answer, error) { return addrs(q, 4095) }},
		{"5 records", "host-%d.example", 5000, func(q Question) (Answer, error) { return records(q, 5, 20) }},
		{"a large record", "host-%d.example", 100, func(q Question) (Answer, error) { return records(q, 1, 60000) }},
		{"name errors", "host-%d.example", 20000, func(q Question) (Answer, error) {
			return Answer{}, &Error{Op: "test", Question: q, RCode: RCodeNameError, Expires: expires, Err: ErrNotFound}
		}},
		{"failures", long + "host-%d.example", 10000, func(q Question) (Answer, error) {
			return Answer{}, &Error{Op: "test", Question: q, Server: strings.Clone("192.0.2.1:53"), Err: fmt.Errorf("%w: connection refused by the server", ErrServFail)}
		}},
	} {
		before := int(heap())
		cache := newCache(t, CacheOptions{MaxBytes: 1 << 30, MaxNegativeBytes: 1 << 30, MinFailureTTL: time.Hour, MaxFailureTTL: time.Hour}, silent{})
		for i := range c.n {
			q := mustQuestion(t, fmt.Sprintf(c.format, i), TypeA)
			a, err := c.result(q)
			learn(cache, q, a, err)
		}
		used := int(heap()) - before
		s := cache.Stats()
		if n := s.Positive + s.Negative + s.Failures; n != c.n {
			t.Errorf("%s: %d entries, want %d", c.name, n, c.n)
		}
		estimate := s.Bytes + s.NegativeBytes
		t.Logf("%s: estimate %d bytes, heap %d bytes: %.2f", c.name, estimate, used, float64(estimate)/float64(used))
		if estimate < used*97/100 || estimate > used*14/10 {
			t.Errorf("%s: the estimate is %d bytes, but the heap has grown by %d", c.name, estimate, used)
		}
	}
}

// A million names, with large answers, negative answers and failures among them, stay within the
// bounds at every step.
func TestCacheNeverExceedsItsBounds(t *testing.T) {
	const names, bound = 150_000, 1 << 20 // 3,000 names fill it
	expires := time.Now().Add(time.Hour)
	cache := newCache(t, CacheOptions{MaxBytes: bound, MaxNegativeBytes: bound / 2}, silent{})
	hot := mustQuestion(t, "hot.example", TypeA)
	one := Answer{Expires: expires, one: netip.AddrFrom4([4]byte{192, 0, 2, 1})}
	large := NewRecordAnswer(Question{}, []Record{{Type: TypeTXT, Data: strings.Repeat("x", 1<<16)}})
	large.Expires = expires
	put := func(q Question, a Answer, err error) {
		a.Question = q
		learn(cache, q, a, err)
		if n, m := cache.positive.bytes(), cache.negative.bytes(); n > bound || m > bound/2 {
			t.Fatalf("after %v: %d bytes and %d bytes, want at most %d and %d", q, n, m, bound, bound/2)
		}
	}
	put(hot, one, nil)
	name := make([]byte, 0, 64)
	for i := range names {
		name = fmt.Appendf(name[:0], "n%d.example", i)
		q := Question{Name: Name{text: string(name)}, Type: TypeA, Class: ClassINET}
		switch {
		case i%1000 == 0:
			put(q, large, nil)
		case i%8 == 1:
			put(q, Answer{}, &Error{Op: "test", Question: q, RCode: RCodeNameError, Err: ErrNotFound})
		case i%8 == 2:
			put(q, Answer{}, &Error{Op: "test", Question: q, Err: ErrServFail})
		default:
			put(q, one, nil)
		}
		if i%1000 == 0 {
			if _, err := cache.Try(hot); err != nil {
				t.Fatalf("after %d names: the hot answer is gone: %v", i, err)
			}
		}
	}
	s := cache.Stats()
	if s.Bytes < bound/2 || s.NegativeBytes < bound/4 || s.Evictions == 0 {
		t.Errorf("got %+v, want bounds that are at least half used, and evictions", s)
	}
	// A clock may not move while thousands of entries are stored.
	for stored := cache.now(); cache.now() == stored; {
		runtime.Gosched()
	}
	for i := 0; cache.Stats().Evictions == s.Evictions && i < names; i++ {
		name = fmt.Appendf(name[:0], "m%d.example", i)
		put(Question{Name: Name{text: string(name)}, Type: TypeA, Class: ClassINET}, one, nil)
	}
	if evicted := cache.Stats(); evicted.EvictedAge <= 0 {
		t.Errorf("got %+v, want the age of an entry that was stored before", evicted)
	}
	entries := 0
	for _, e := range cache.names {
		for ; e != nil; e = e.sibling {
			entries++
		}
	}
	if entries != s.Positive+s.Negative+s.Failures {
		t.Errorf("%d entries by name, %+v in the queues", entries, s)
	}
}

// An eviction looks at a bounded number of entries, even if all have hits.
func TestEvictionTakesConstantTime(t *testing.T) {
	share := cacheShare{max: 1 << 20}
	for range 5000 {
		e := &cacheEntry{size: 200}
		share.add(e)
		e.marks = marksMax
	}
	for range 10 {
		looked := 0
		e := share.victim(func(*cacheEntry) bool { looked++; return false })
		if looked > scannedMax {
			t.Fatalf("an eviction has looked at %d entries, want at most %d", looked, scannedMax)
		}
		share.remove(e)
	}
}
