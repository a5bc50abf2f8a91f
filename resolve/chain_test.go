package resolve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// instant answers every question at once, with one address and a time to live.
type instant struct{ ttl time.Duration }

func (instant) Try(Question) (Answer, error) { return Answer{}, ErrWouldBlock }
func (s instant) Start(q *Query) {
	if q.AcceptFunc(nil) {
		q.Finish(Answer{Question: q.Question, Expires: time.Now().Add(s.ttl), one: netip.AddrFrom4([4]byte{192, 0, 2, 1})}, nil)
	}
}
func (instant) Close() error { return nil }

// holding keeps the queries that it is asked.
type holding struct {
	silent
	held []*Query
}

func (h *holding) Start(q *Query) {
	if q.AcceptFunc(nil) {
		h.held = append(h.held, q)
	}
}

// queriesFor returns n queries that have not started, and their inbox.
func queriesFor(n int, question func(i int) Question) ([]Query, *Inbox) {
	inbox := NewInbox(nil)
	queries := make([]Query, n)
	done := func(Answer, error) {}
	for i := range queries {
		queries[i] = Query{Question: question(i), Inbox: inbox, Done: done}
	}
	return queries, inbox
}

const allocRuns = 200

// allocsPerStart returns the allocations of Start per query, without those of the queries.
func allocsPerStart(s Strategy, question func(i int) Question) float64 {
	queries, inbox := queriesFor(allocRuns+1, question)
	i := 0
	return testing.AllocsPerRun(allocRuns, func() {
		s.Start(&queries[i])
		inbox.Run(0)
		i++
	})
}

func TestQueryIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Query{}); n > 400 {
		t.Errorf("a Query has %d bytes, want at most 400", n)
	}
}

func TestCoalesceAllocatesAFlightAtMost(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	same := func(int) Question { return q }
	if n := allocsPerStart(NewCoalesce(0, instant{time.Minute}), same); n > 1 {
		t.Errorf("a flight of its own: got %v allocations per query, want at most 1", n)
	}
	if n := allocsPerStart(NewCoalesce(0, &holding{held: make([]*Query, 0, 1)}), same); n != 0 {
		t.Errorf("a shared flight: got %v allocations per query, want 0", n)
	}
}

func TestHooksRunInReverseOrder(t *testing.T) {
	var ran []int
	queries, _ := queriesFor(1, func(int) Question { return mustQuestion(t, "one.example", TypeA) })
	q := &queries[0]
	for i := range 5 { // more than fit into the query
		q.OnFinish(func(*Query, Answer, error) { ran = append(ran, i) })
	}
	instant{}.Start(q)
	for i, n := range ran {
		if n != len(ran)-1-i || len(ran) != 5 {
			t.Fatalf("got the order %v, want 4 to 0", ran)
		}
	}
}

// distinct returns questions with names that differ.
func distinct(t *testing.T, format string) func(i int) Question {
	t.Helper()
	questions := make([]Question, allocRuns+1)
	for i := range questions {
		questions[i] = mustQuestion(t, fmt.Sprintf(format, i), TypeA)
	}
	return func(i int) Question { return questions[i] }
}

func newCache(t testing.TB, options CacheOptions, next Strategy) *Cache {
	t.Helper()
	c, err := NewCache(options, next)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A query costs a flight. A new name also costs its entry, unless the cache is full and reuses the
// one that it evicts. A name that has expired keeps its entry.
func TestCacheAllocatesAnEntryPerName(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	same := func(int) Question { return q }
	long := strings.Repeat("a-long-label.", 8)
	for _, c := range []struct {
		name     string
		maxBytes int
		ttl      time.Duration
		question func(int) Question
		want     float64
	}{
		{"new names", 0, time.Minute, distinct(t, "host-%d.example"), 2},
		{"new names in a full cache", 40 << 10, time.Minute, distinct(t, "host-%d.example"), 1},
		{"new long names", 0, time.Minute, distinct(t, long+"host-%d.example"), 3},
		{"an answer that is not stored", 0, -time.Second, same, 1},
		{"an answer that has expired", 0, time.Nanosecond, same, 1},
		{"an answer that is in the cache", 0, time.Minute, same, 0},
	} {
		cache := newCache(t, CacheOptions{MaxBytes: c.maxBytes}, NewCoalesce(0, instant{c.ttl}))
		for i := range 4096 { // the map has grown
			cache.names[fmt.Sprint(i)] = nil
		}
		clear(cache.names)
		queries, inbox := queriesFor(1, c.question)
		cache.Start(&queries[0])
		inbox.Run(0)
		for i := range 200 { // fills the small one
			q := mustQuestion(t, fmt.Sprintf("fill-%d.example", i), TypeA)
			learn(cache, q, Answer{Question: q, Expires: time.Now().Add(time.Hour)}, nil)
		}
		if n := allocsPerStart(cache, c.question); n > c.want {
			t.Errorf("%s: got %v allocations per query, want at most %v", c.name, n, c.want)
		}
	}
}

func TestAcceptFuncPassesTheQuery(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	var stopped []*Query
	stop := func(q *Query) { stopped = append(stopped, q) }
	queries, inbox := queriesFor(2, func(int) Question { return q })
	for i := range queries {
		if !queries[i].AcceptFunc(stop) {
			t.Fatalf("query %d was not accepted", i)
		}
	}
	queries[0].Finish(Answer{}, nil)
	queries[0].Cancel()
	queries[1].Cancel()
	queries[1].Cancel()
	if len(stopped) != 1 || stopped[0] != &queries[1] {
		t.Errorf("stop got %d queries, want the canceled one once", len(stopped))
	}
	if n := inbox.Run(0); n != 2 {
		t.Errorf("got %d completions, want 2", n)
	}
}

// A query in flight through Cache and Coalesce has the memory of the caller's query and a flight.
func TestOutstandingQueriesAreSmall(t *testing.T) {
	const outstanding, most = 10_000, 900 // bytes each; the queries are more than a third
	questions := make([]Question, outstanding)
	for i := range questions {
		questions[i] = mustQuestion(t, fmt.Sprintf("host-%d.example", i), TypeA)
	}
	before := heap()
	next := &holding{held: make([]*Query, 0, outstanding)}
	cache := newCache(t, CacheOptions{}, NewCoalesce(0, next))
	queries, _ := queriesFor(outstanding, func(i int) Question { return questions[i] })
	for i := range queries {
		cache.Start(&queries[i])
	}
	each := (heap() - before) / outstanding
	t.Logf("%d bytes per query, of which the Query has %d", each, unsafe.Sizeof(Query{}))
	if len(next.held) != outstanding || each > most {
		t.Errorf("%d bytes per query in flight, want at most %d", each, most)
	}
	queries[0].Cancel()
}
