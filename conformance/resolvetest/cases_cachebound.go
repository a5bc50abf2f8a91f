package resolvetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// bulky returns an answer to q with one TXT record of n bytes.
func bulky(q resolve.Question, n int, expires time.Time) resolve.Answer {
	ans := resolve.NewRecordAnswer(q, []resolve.Record{{Type: resolve.TypeTXT, Data: strings.Repeat("x", n)}})
	ans.Expires = expires
	return ans
}

func txt(name string) resolve.Question { return question(name, resolve.TypeTXT) }

// learnRecord asks q, which must be passed on, and answers it with one record of n bytes.
func (f *cacheFixture) learnRecord(q resolve.Question, n int) {
	f.t.Helper()
	asked := f.next.count()
	c := f.owner.start(f.strat, q)
	f.next.finish(asked, bulky(q, n, f.clock.Now().Add(time.Hour)), nil)
	f.owner.await(c)
}

// held returns how many of the questions are answered from memory.
func (f *cacheFixture) held(qs []resolve.Question) int {
	n := 0
	for _, q := range qs {
		if _, err := f.strat.Try(q); err != resolve.ErrWouldBlock {
			n++
		}
	}
	return n
}

func cacheBoundCases() []Case {
	const bound, size, names = 64 << 10, 1 << 10, 400
	return []Case{
		{ID: "cache/bounded", Doc: "resolve.CacheOptions.MaxBytes", Rule: "The positive answers take at most MaxBytes, however many names are asked for.",
			Source: "catalogue of the incumbents: bounds in entries", Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxBytes: bound})
				var qs []resolve.Question
				for i := range names {
					q := txt(fmt.Sprintf("n%d.example", i))
					qs = append(qs, q)
					f.learnRecord(q, size)
					f.has(q, true)
				}
				if n := f.held(qs); n*size > bound || n*size < bound/2 {
					t.Errorf("%d answers of %d bytes are held, want at least half of %d bytes and no more than that", n, size, bound)
				}
			}},
		{ID: "cache/scan", Doc: "resolve.Cache", Rule: "Names that are asked for once do not evict answers that have hits.", Source: "Yang et al., SOSP 2023",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxBytes: bound})
				var hot []resolve.Question
				for i := range 8 {
					q := txt(fmt.Sprintf("hot%d.example", i))
					hot = append(hot, q)
					f.learnRecord(q, size)
					f.has(q, true)
				}
				for i := range names {
					f.learnRecord(txt(fmt.Sprintf("scan%d.example", i)), size)
				}
				if n := f.held(hot); n != len(hot) {
					t.Errorf("after %d names without hits: %d of %d answers with a hit are held, want all", names, n, len(hot))
				}
			}},
		{ID: "cache/large", Doc: "resolve.CacheAnswerShare", Rule: "An answer beyond its share of the bound is delivered but not stored, and evicts none.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxBytes: bound})
				f.learnRecord(txt("small.example"), size)
				f.learnRecord(txt("large.example"), bound/resolve.CacheAnswerShare)
				f.has(txt("large.example"), false)
				f.has(txt("small.example"), true)
			}},
		{ID: "cache/negative-apart", Doc: "resolve.CacheOptions.MaxNegativeBytes", Rule: "Negative answers and failures have their own bound: made-up names evict no answer.",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{MaxBytes: bound, MaxNegativeBytes: bound})
				one := a("one.example")
				f.learn(one, time.Hour, nil)
				pad := strings.Repeat(strings.Repeat("x", 60)+".", 3)
				var qs []resolve.Question
				for i := range names {
					cause := resolve.ErrNotFound
					if i%2 == 1 {
						cause = resolve.ErrServFail
					}
					q := a(fmt.Sprintf("x%d.%sexample", i, pad))
					qs = append(qs, q)
					f.learn(q, time.Minute, cause)
					f.has(q, true)
				}
				f.has(one, true)
				if n := f.held(qs); n*len(pad) > bound || n == 0 {
					t.Errorf("%d negative answers with names of over %d bytes are held, want some, in %d bytes", n, len(pad), bound)
				}
			}},
		{ID: "cache/types-of-a-name", Doc: "resolve.MaxCacheTypes", Rule: "One name has at most MaxCacheTypes entries. The last one is among them.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				var qs []resolve.Question
				for i := range 3 * resolve.MaxCacheTypes {
					q := question("one.example", resolve.Type(1000+i))
					qs = append(qs, q)
					f.learnRecord(q, 1)
					f.has(q, true)
				}
				if n := f.held(qs); n > resolve.MaxCacheTypes {
					t.Errorf("%d types of one name are held, want at most %d", n, resolve.MaxCacheTypes)
				}
			}},
		{ID: "cache/immutable", Doc: "resolve.Answer", Rule: "What a caller does to its copy of an answer does not change the cache.", Source: "rs/dnscache", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				f := p.cache(t, resolve.CacheOptions{})
				one := a("one.example")
				c := f.owner.start(f.strat, one)
				own := addrs("192.0.2.1", "192.0.2.2")
				ans := resolve.NewAnswer(one, own)
				ans.Expires = f.clock.Now().Add(time.Minute)
				f.next.finish(0, ans, nil)
				f.owner.await(c)
				own[0] = addrs("192.0.2.66")[0]
				for range 2 {
					got, err := f.strat.Try(one)
					holds(t, "hit", got, err, "192.0.2.1", "192.0.2.2")
					got.Expires = time.Time{}
					got.AppendAddrs(nil)[0] = own[0]
				}
			}},
		{ID: "cache/generation", Doc: "resolve.CacheOptions.Generation", Rule: "A change of the generation makes all older entries miss.", Needs: needs(Cache),
			Run: func(t T, p Fixture) {
				generation := uint64(7)
				f := p.cache(t, resolve.CacheOptions{Generation: func() uint64 { return generation }})
				one, two := a("one.example"), a("two.example")
				f.learn(one, time.Hour, nil)
				f.learn(two, time.Hour, resolve.ErrNoData)
				generation++
				f.has(one, false)
				f.has(two, false)
				f.learn(one, time.Hour, nil)
				f.has(one, true)
			}},
		{ID: "cache/generation-late", Doc: "resolve.CacheOptions.Generation", Rule: "The result of a query that was started in an older generation is delivered but not stored.",
			Needs: needs(Cache), Run: func(t T, p Fixture) {
				generation := uint64(7)
				f := p.cache(t, resolve.CacheOptions{Generation: func() uint64 { return generation }})
				one := a("one.example")
				c := f.owner.start(f.strat, one)
				generation++
				ans, _ := fixed(one)
				ans.Expires = f.clock.Now().Add(time.Hour)
				f.next.finish(0, ans, nil)
				f.owner.await(c)
				c.holds("192.0.2.1")
				f.has(one, false)
			}},
	}
}
